-- What a script sees: its own globals, libraries that it may add to without touching another call's, and its entry point.

local C = ...
local error, pcall, raw_xpcall, type, select, setmetatable = error, pcall, xpcall, type, select, setmetatable
local rawget, rawset, next, getmetatable = rawget, rawset, next, getmetatable
local raw_traceback, raw_getinfo, debug_getmetatable = debug.traceback, debug.getinfo, debug.getmetatable
local unpack = table.unpack
local strings, tostr, env, compile = C.strings, C.tostr, C.env, C.compile

-- Functions --------------------------------------------------------------------------------------------------------

local globals = {
  assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, pcall = pcall, select = select, type = type,
  rawequal = rawequal, rawget = rawget, rawlen = rawlen, rawset = rawset,
  tostring = C.tostring, tonumber = C.tonumber, unpack = unpack, _VERSION = _VERSION,
}

function C.join(separator, ...)
  local out = {}
  for i = 1, select("#", ...) do
    out[i] = tostr((select(i, ...)))
  end
  return C.tables.concat(out, separator)
end

function globals.print(...)
  C.log(6, C.join("\t", ...))
end

function globals.collectgarbage(what)
  if what == "count" then
    return collectgarbage("count")
  end
  return 0
end

-- A handler written in Lua could not be stopped while a kill unwinds through it. So the built-in one takes the traceback,
-- and the script's runs after unwinding; debug.traceback in it gives what was taken.
local taken = setmetatable({}, { __mode = "k" })

local function handled(handler, ok, ...)
  if ok then
    return true, ...
  end
  local message, trace = ...
  if type(message) == "string" then
    local at
    local from = 1
    while true do
      local found = strings.find(message, "\nstack traceback:\n", from, true)
      if not found then break end
      at, from = found, found + 1
    end
    if at then
      message, trace = strings.sub(message, 1, at - 1), strings.sub(message, at)
    end
  end
  local key = env()
  taken[key] = trace
  local function done(...)
    taken[key] = nil
    return ...
  end
  local handled_ok, value = done(pcall(handler, message))
  return false, value
end

function globals.xpcall(f, handler, ...)
  if type(handler) ~= "function" then
    error("bad argument #2 to 'xpcall' (function expected, got " .. (handler == nil and "no value" or type(handler)) .. ")", 2)
  end
  return handled(handler, raw_xpcall(f, raw_traceback, ...))
end

-- Metatables. The globals' own is kept; a script's (a "strict" module) goes on top of it.
local globals_metatable

function globals.getmetatable(value)
  if type(value) == "table" and value == env() then
    local meta = debug_getmetatable(value)
    return meta ~= globals_metatable and meta.script or nil
  end
  return getmetatable(value)
end

function globals.setmetatable(t, meta)
  if type(t) ~= "table" then
    error("bad argument #1 to 'setmetatable' (table expected, got " .. (t == nil and "nil" or type(t)) .. ")", 2)
  elseif meta ~= nil and type(meta) ~= "table" then
    error("bad argument #2 to 'setmetatable' (nil or table expected)", 2)
  elseif meta and rawget(meta, "__gc") ~= nil then
    error("__gc is not available to scripts", 2)
  end
  if t == env() then
    local own = globals_metatable.__index
    local function index(_, key)
      local value = own(t, key)
      if value ~= nil then
        return value
      end
      local theirs = meta and meta.__index
      if type(theirs) == "function" then
        return theirs(t, key)
      end
      return theirs and theirs[key]
    end
    debug.setmetatable(t, { __index = index, __newindex = meta and meta.__newindex, script = meta })
    return t
  end
  local ok, message = pcall(setmetatable, t, meta)
  if not ok then
    error(message, 2)
  end
  return t
end

-- Code -------------------------------------------------------------------------------------------------------------

local function instantiate(factory, own)
  return factory(own or env(), C.integral)
end

function globals.load(chunk, name, mode, own)
  if type(chunk) == "function" then
    local out = {}
    while true do
      local piece = chunk()
      if piece == nil or piece == "" then
        break
      elseif type(piece) ~= "string" then
        return nil, "reader function must return a string"
      end
      out[#out + 1] = piece
    end
    chunk = C.tables.concat(out)
    name = name or "=(load)"
  elseif type(chunk) ~= "string" then
    error("bad argument #1 to 'load' (string expected, got " .. (chunk == nil and "nil" or type(chunk)) .. ")", 2)
  end
  if strings.byte(chunk, 1) == 27 then
    return nil, "attempt to load a binary chunk (mode is 't')"
  elseif mode ~= nil and not strings.find(mode, "t", 1, true) then
    return nil, "attempt to load a text chunk (mode is '" .. mode .. "')"
  end
  local factory, message = compile(chunk, name or chunk)
  if not factory then
    return nil, message
  end
  return instantiate(factory, own)
end
globals.loadstring = function(chunk, name) return globals.load(chunk, name) end

function globals.loadfile(name, mode, own)
  local factory, message = C.module(name)
  if not factory then
    return nil, message or "cannot open " .. tostr(name)
  end
  return instantiate(factory, own)
end

function globals.dofile(name)
  local factory, message = C.module(name)
  if not factory then
    error(message or "cannot open " .. tostr(name), 2)
  end
  return instantiate(factory)()
end

-- require: found by package.path within the permitted directories, compiled once for a version, run once for a call.
local function search(name, templates, tried)
  local file = strings.gsub(name, "%.", "/")
  for template in strings.gmatch(templates, "[^;]+") do
    local candidate = strings.gsub(template, "%?", (strings.gsub(file, "%%", "%%%%")))
    local factory, path = C.module(candidate)
    if factory then
      return factory, path
    elseif path then
      error("error loading module '" .. name .. "' from file '" .. candidate .. "':\n\t" .. path, 3)
    end
    tried[#tried + 1] = "\n\tno file '" .. candidate .. "'"
  end
end

function globals.require(name)
  if type(name) ~= "string" then
    error("bad argument #1 to 'require' (string expected, got " .. (name == nil and "no value" or type(name)) .. ")", 2)
  end
  local package = env().package
  local loaded = package.loaded
  local value = loaded[name]
  if value ~= nil then
    return value
  end
  local loader, path = package.preload[name], ":preload:"
  if loader == nil then
    local tried = { "\n\tno field package.preload['" .. name .. "']" }
    local factory
    factory, path = search(name, tostr(package.path), tried)
    if not factory then
      error("module '" .. name .. "' not found:" .. C.tables.concat(tried), 2)
    end
    loader = instantiate(factory)
  end
  value = loader(name, path)
  if value ~= nil then
    loaded[name] = value
  elseif loaded[name] == nil then
    loaded[name] = true
  end
  return loaded[name], path
end

-- Libraries --------------------------------------------------------------------------------------------------------
-- A script gets an empty table of its own in front of each shared library, when it first uses it.

local function front(lib)
  local meta = {
    __index = lib,
    __metatable = false,
    __pairs = function(own)
      local all = {}
      for key, value in next, lib do all[key] = value end
      for key, value in next, own do all[key] = value end
      return next, all
    end,
  }
  return function()
    return setmetatable({}, meta)
  end
end

local trace = {}

function trace.traceback(message, ...)
  if type(message) == "thread" then
    return raw_traceback(message, ...)
  elseif message ~= nil and type(message) ~= "string" and type(message) ~= "number" then
    return message
  end
  local kept = taken[env()]
  if kept then
    return (message and tostr(message) or "") .. kept
  end
  local level = ...
  return raw_traceback(message, (level or 1) + 1)
end

function trace.getinfo(subject, what, ...)
  local info
  if type(subject) == "thread" then
    info = raw_getinfo(subject, what, (...) or "nSlut")
  elseif type(subject) == "number" then
    info = raw_getinfo(subject + 1, "nSlut")
  else
    info = raw_getinfo(subject, "nSlut")
  end
  return info
end

local switch = {}
for name, f in pairs(C.classes[""]) do
  switch[name] = f
end
switch.console_log = switch.consoleLog
switch.console_clean_log = switch.consoleCleanLog
switch.API = C.new_api
switch.Event = C.new_event
switch.JSON = C.new_json

-- The first addition to a script's string table makes it the one that ("x"):method() looks into.
local string_front = {
  __index = strings,
  __metatable = false,
  __newindex = function(own, key, value)
    rawset(own, key, value)
    C.strings_adopt(own)
  end,
}

local libraries = {
  string = function() return setmetatable({}, string_front) end,
  table = front(C.tables), math = front(C.maths), coroutine = front(C.coroutines), os = front(C.system), utf8 = front(utf8),
  bit32 = front(C.bits), debug = front(trace), freeswitch = front(switch),
}

local files = front(C.files)
function libraries.io()
  local own = files()
  for key, value in next, C.new_io() do
    rawset(own, key, value)
  end
  return own
end

function libraries.package(own)
  return {
    path = C.module_path,
    cpath = "",
    config = "/\n;\n?\n!\n-\n",
    preload = {},
    loaded = setmetatable({}, { __index = function(_, key)
      return (libraries[key] or key == "_G") and own[key] or nil
    end }),
  }
end

globals_metatable = {
  __index = function(own, key)
    local value = globals[key]
    if value == nil then
      local make = libraries[key]
      if make then
        value = make(own)
      end
    end
    if value ~= nil then
      rawset(own, key, value)
    end
    return value
  end,
}

-- Sessions ---------------------------------------------------------------------------------------------------------

local methods = C.classes.Session
local get_uuid = methods.get_uuid
C.session_metatable = {
  __name = "Session",
  __metatable = false,
  __index = function(session, key)
    local method = methods[key]
    if method then
      return method
    elseif key == "uuid" then
      return get_uuid(session)
    end
  end,
}

-- Entry ------------------------------------------------------------------------------------------------------------

local CALL, API, BACKGROUND, CHAT = 0, 1, 2, 3

function C.entry(factory, kind, session, uuid, headers, name, ...)
  local own = setmetatable({}, globals_metatable)
  own._G = own
  C.setenv(own)
  if session then
    own.session = session
    own[uuid] = session
  end
  if name ~= nil then
    own.argv = { [0] = name, ... }
  end
  if kind == API then
    own.stream = C.new_stream()
    own.env = C.received_event("REQUEST_PARAMS", headers)
  elseif kind == CHAT then
    local message = C.received_event("MESSAGE", headers)
    own.message = message
    factory(own, C.integral)(...)
    C.reply("end", C.snapshot(message, ""))
    return
  end
  return factory(own, C.integral)(...)
end
