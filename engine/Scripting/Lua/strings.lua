-- Strings: patterns with a bound, no number looks like "3.0" when it is 3, no result larger than a slice may allocate.

local C = ...
local error, type, select, getmetatable = error, type, select, debug.getmetatable
local rawget = rawget
local raw_tostring, raw_tonumber = tostring, tonumber
local find, substitute, tick = C.find, C.substitute, C.tick
local sub, byte, concat = string.sub, string.byte, table.concat
local raw_rep, raw_format = string.rep, string.format

local LARGEST = 16 * 1024 * 1024

-- Scripts are written for a Lua whose numbers have no integer type and print without fraction: an integral float becomes the integer.
local tointeger = math.tointeger
local function integral(n)
  local i = tointeger(n)
  if i == n then
    return i
  end
  return n
end
C.integral = integral

local function tostr(value)
  local t = type(value)
  if t == "number" then
    return raw_tostring(integral(value))
  elseif t == "table" or t == "userdata" then
    local meta = getmetatable(value)
    local convert = meta and rawget(meta, "__tostring")
    if convert then
      -- Called from Lua, so that it may wait.
      local text = convert(value)
      if type(text) ~= "string" then
        error("'__tostring' must return a string", 2)
      end
      return text
    end
  end
  return raw_tostring(value)
end
C.tostr = tostr

function C.tostring(...)
  if select("#", ...) == 0 then
    error("bad argument #1 to 'tostring' (value expected)", 2)
  end
  return tostr((...))
end

function C.tonumber(...)
  return integral(raw_tonumber(...))
end

local function result(first, ...)
  if first == false then
    error((...), 2)
  end
  return first, ...
end

local lib = {}
for name, f in pairs(string) do
  lib[name] = f
end
lib.dump = nil

function lib.find(s, pattern, init, plain)
  return result(find(0, s, pattern, init or 1, plain))
end

function lib.match(s, pattern, init)
  return result(find(1, s, pattern, init or 1))
end

-- start, end (exclusive), captures of a step: what gmatch gives, and where it goes on.
local function stepped(state, from, to, ...)
  if from == false then
    error(to, 2)
  elseif from == nil then
    return nil
  end
  state.position, state.last = to, to - 1
  return ...
end

function lib.gmatch(s, pattern, init)
  if type(s) ~= "string" and type(s) ~= "number" then
    error("bad argument #1 to 'gmatch' (string expected, got " .. type(s) .. ")", 2)
  elseif type(pattern) ~= "string" and type(pattern) ~= "number" then
    error("bad argument #2 to 'gmatch' (string expected, got " .. type(pattern) .. ")", 2)
  end
  local state = { position = init or 1, last = -1 }
  return function()
    return stepped(state, find(2, s, pattern, state.position, false, state.last))
  end
end

-- One replacement: what stands in place of a match.
local function replaced(whole, repl, kind, ...)
  local value
  if kind == "function" then
    value = repl(...)
  else
    value = repl[(...)]
  end
  if not value then
    return whole
  elseif type(value) == "string" then
    return value
  elseif type(value) == "number" then
    return tostr(value)
  end
  error("invalid replacement value (a " .. type(value) .. ")", 0)
end

local function substituted(out, s, position, repl, kind, from, to, ...)
  if from == false then
    error(to, 0)
  elseif from == nil then
    return nil
  end
  out[#out + 1] = sub(s, position, from - 1)
  out[#out + 1] = replaced(sub(s, from, to - 1), repl, kind, ...)
  return to
end

function lib.gsub(s, pattern, repl, most)
  local kind = type(repl)
  if kind == "string" or kind == "number" then
    return result(substitute(s, pattern, repl, most))
  elseif kind ~= "function" and kind ~= "table" then
    error("bad argument #3 to 'gsub' (string/function/table expected, got " .. (repl == nil and "nil" or kind) .. ")", 2)
  elseif type(s) ~= "string" and type(s) ~= "number" then
    error("bad argument #1 to 'gsub' (string expected, got " .. type(s) .. ")", 2)
  elseif type(pattern) ~= "string" and type(pattern) ~= "number" then
    error("bad argument #2 to 'gsub' (string expected, got " .. type(pattern) .. ")", 2)
  end
  s, pattern = raw_tostring(s), raw_tostring(pattern)
  local anchored = byte(pattern, 1) == 94
  if anchored then
    pattern = sub(pattern, 2)
  end
  local mode = kind == "table" and 3 or 2
  local out, count, position, last = {}, 0, 1, -1
  while not most or count < most do
    local to = substituted(out, s, position, repl, kind, find(mode, s, pattern, position, anchored, last))
    if not to then
      break
    end
    count, position, last = count + 1, to, to - 1
    if anchored then
      break
    end
  end
  out[#out + 1] = sub(s, position)
  return concat(out), count
end

function lib.rep(s, n, separator)
  local length = #s + (separator and #separator or 0)
  if n <= 1 or length == 0 then
    return n >= 1 and s or ""
  elseif n * length > LARGEST then
    error("resulting string too large", 2)
  end
  local text = raw_rep(s, n, separator)
  tick()
  return text
end

local function formattable(count, value, ...)
  if count == 0 then
    return
  end
  local t = type(value)
  if t == "number" then
    value = integral(value)
  elseif t == "table" or t == "userdata" then
    local meta = getmetatable(value)
    if meta and rawget(meta, "__tostring") then
      value = tostr(value)
    end
  end
  return value, formattable(count - 1, ...)
end

function lib.format(pattern, ...)
  return raw_format(pattern, formattable(select("#", ...), ...))
end

C.strings = lib
C.string_metatable = {}
for name, f in pairs(getmetatable("")) do   -- arithmetic on numerals
  C.string_metatable[name] = f
end
C.string_metatable.__index, C.string_metatable.__metatable = lib, false
debug.setmetatable("", C.string_metatable)
