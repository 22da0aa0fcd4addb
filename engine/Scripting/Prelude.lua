-- The Lua side of the script host: what may yield or raise is here, what knows the engine is in C#.
-- The natives (first argument) never do either. They answer with a code first:
--   n > 0  an operation was begun: wait for token n          0  done, results follow
--   -1     error, message follows                           -2  the hangup hook is due
--   -3     nothing yet, yield and ask again                 -4  an input for the callback

local C = ...
local error, pcall, select = error, pcall, select
local raw_yield = coroutine.yield
local call, poll, control, env, hook, hookdone = C.call, C.poll, C.control, C.env, C.hook, C.hookdone

-- Numbers are written with a point wherever the machine stands.
os.setlocale("C", "numeric")

local step

-- The hangup hook, in the script's own coroutine. Errors of it are logged; "exit" and "die" end the script.
local function run_hook(name, session, reason, argument)
  if name == nil then
    return
  end
  local globals = env()
  local f = globals[name]
  local text
  if f ~= nil then
    local ok, result
    if argument ~= nil then
      ok, result = pcall(f, session, reason, globals[argument])
    else
      ok, result = pcall(f, session, reason)
    end
    if not ok then
      C.log(3, "hangup hook " .. name .. ": " .. C.tostr(result))
    elseif result ~= nil then
      text = C.totext(result)
    end
  else
    C.log(3, "hangup hook " .. name .. " is not a global function")
  end
  if hookdone(session, text) then
    error(text, 0)
  end
end

-- The input callback, in the script's own coroutine while its operation goes on.
local function run_callback(token, name, session, kind, digit, duration, argument)
  local globals = env()
  local f = globals[name]
  local text
  if f == nil then
    C.log(3, "input callback " .. name .. " is not a global function")
  else
    local object = { digit = digit, duration = duration }
    local ok, result
    if argument ~= nil then
      ok, result = pcall(f, session, kind, object, globals[argument])
    else
      ok, result = pcall(f, session, kind, object)
    end
    if ok then
      text = C.totext(result)
    else
      C.log(3, "input callback " .. name .. ": " .. C.tostr(result))
      text = "SCRIPT_ERROR"
    end
  end
  local abort = control(token, text)
  if abort then
    error(abort, 0)
  end
end

local function wait(token)
  return step(token, poll(token))
end

step = function(token, code, ...)
  if code == 0 then
    return ...
  elseif code == -3 then
    raw_yield()
  elseif code == -4 then
    run_callback(token, ...)
  elseif code == -2 then
    run_hook(hook())
  else
    error((...), 0)
  end
  return wait(token)
end

-- Brings the answer of a native to the script that called the method.
local function settle(code, ...)
  if code == 0 then
    return ...
  elseif code > 0 then
    return wait(code)
  elseif code == -2 then
    run_hook(hook())
    return settle(call(...))
  end
  return error((...), 2)
end

C.settle = settle

-- A Lua function for each method that the host lists.
local classes = { Session = {}, API = {}, [""] = {} }
for number = 0, #C.api do
  local class, name, on_session = C.api[number][1], C.api[number][2], C.api[number][3]
  local target = on_session and "Session" or class
  if class == "Session" and not on_session then
    target = ""
  end
  classes[target][name] = function(...)
    return settle(call(number, ...))
  end
end
C.classes = classes

-- A number or string as text; nil, booleans and tables are nothing.
function C.totext(value)
  local t = type(value)
  if t == "string" or t == "number" then
    return C.tostr(value)
  end
end
