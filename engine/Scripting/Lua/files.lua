-- Files and the operating system: only what lies in the permitted directories, and nothing that ends or blocks the engine.

local C = ...
local error, type = error, type
local raw_open, raw_lines, raw_type, raw_close = io.open, io.lines, io.type, io.close
local path, find = C.path, C.strings.find

-- Opened files share a metatable of C; scripts must not see it.
local probe = io.tmpfile()
if probe then
  debug.getmetatable(probe).__metatable = false
  probe:close()
end

local lib = {}

function lib.open(name, mode)
  if type(name) ~= "string" then
    error("bad argument #1 to 'open' (string expected, got " .. (name == nil and "nil" or type(name)) .. ")", 2)
  end
  mode = mode or "r"
  if not find(mode, "^[rwa]%+?b?$") then
    error("bad argument #2 to 'open' (invalid mode)", 2)
  end
  local full, message = path(name, mode ~= "r" and mode ~= "rb")
  if not full then
    return nil, message, 13
  end
  return raw_open(full, mode)
end

function lib.lines(name, ...)
  if name == nil then
    error("standard input is not available", 2)
  end
  local full, message = path(name, false)
  if not full then
    error(message, 2)
  end
  return raw_lines(full, ...)
end

function lib.tmpfile()
  local name, message = C.tmpname()
  if not name then
    return nil, message
  end
  return raw_open(name, "w+")
end

function lib.type(object)
  return raw_type(object)
end

function lib.close(file)
  if file == nil then
    error("standard output is not available", 2)
  end
  return raw_close(file)
end

function lib.read()
  return nil
end

-- Standard output is the log.
local console = {}
function console:write(...)
  local text = C.join("", ...)
  if text ~= "" then
    C.log(6, text)
  end
  return self
end
function console:flush() return self end
function console:close() return nil, "standard output stays open" end
function console:setvbuf() return true end

local console_metatable = { __index = console, __metatable = false, __name = "FILE*" }

function C.new_io()
  local output = setmetatable({}, console_metatable)
  return {
    write = function(...) return output:write(...) end,
    stdout = output,
    stderr = output,
  }
end

-- The output of a command, as a file that can be read.
local pipe = {}
local pipe_metatable = { __index = pipe, __metatable = false, __name = "FILE*" }

local function take(self, format)
  if type(format) == "string" then
    format = C.strings.gsub(format, "^%*", "")
  end
  local text, position = self.text, self.position
  if format == "a" then
    self.position = #text + 1
    return text:sub(position)
  elseif position > #text then
    return nil
  elseif type(format) == "number" then
    self.position = position + format
    return text:sub(position, position + format - 1)
  end
  local stop = find(text, "\n", position, true)
  self.position = (stop or #text) + 1
  if format == "L" then
    return text:sub(position, self.position - 1)
  end
  return text:sub(position, (stop or #text + 1) - 1)
end

function pipe:read(format)
  return take(self, format or "l")
end
function pipe:lines(format)
  return function() return take(self, format or "l") end
end
function pipe:write() return nil, "Bad file descriptor", 9 end
function pipe:close() return true, "exit", 0 end
function pipe:flush() return self end

function lib.popen(command, mode)
  if not C.allow_system then
    error("'popen' not supported", 2)
  elseif mode ~= nil and mode ~= "r" then
    return nil, "only reading is supported"
  end
  return setmetatable({ text = C.classes.API.execute(nil, "system", command), position = 1 }, pipe_metatable)
end

C.files = lib

local system = {}
for _, name in ipairs({ "clock", "date", "difftime", "time" }) do
  local f = os[name]
  system[name] = function(...)
    return C.integral(f(...))
  end
end

function system.exit()
  C.log(3, "os.exit is not available: the script goes on")
end

function system.getenv(name)
  return C.getenv(name)
end

local function outcome(done, message)
  if done == true then
    return true
  end
  return nil, message, 1
end

function system.remove(name)
  return outcome(C.remove(name))
end

function system.rename(from, to)
  return outcome(C.rename(from, to))
end

function system.tmpname()
  local name, message = C.tmpname()
  if not name then
    error(message, 2)
  end
  return name
end

function system.setlocale()
  return nil
end

function system.execute(command)
  if command == nil then
    return C.allow_system
  elseif not C.allow_system then
    return nil, "exit", 126
  end
  C.classes.API.execute(nil, "system", command)
  return true, "exit", 0
end

C.system = system
