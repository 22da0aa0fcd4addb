-- Coroutines of scripts. A wait or a pre-emption inside one has to reach the host through every resume above it:
-- those yield no values, while a script's own yields carry a private tag first.

local C = ...
local error, type, select = error, type, select
local raw_create, raw_resume, raw_yield = coroutine.create, coroutine.resume, coroutine.yield
local raw_status, raw_running, isyieldable = coroutine.status, coroutine.running, coroutine.isyieldable
local raw_close = coroutine.close
local istop, freeze = C.istop, C.freeze

local TAG = {}
local lib = {}

local function without_tag(_, ...)
  return true, ...
end

local function pass(co, ok, ...)
  if not ok then
    return false, ...
  elseif raw_status(co) == "dead" then
    return true, ...
  elseif (...) == TAG then
    return without_tag(...)
  end
  -- The host's. Under a C function it cannot be passed on: then it is a pre-emption (a wait was refused before it began), and goes on at once.
  if isyieldable() then
    raw_yield()
  end
  return pass(co, raw_resume(co))
end

local function thaw(...)
  freeze(-1)
  return ...
end

local function resume(co, ...)
  if isyieldable() then
    return pass(co, raw_resume(co, ...))
  end
  freeze(1)
  return thaw(pass(co, raw_resume(co, ...)))
end

function lib.create(f)
  if type(f) ~= "function" then
    error("bad argument #1 to 'create' (function expected)", 2)
  end
  return raw_create(f)
end

function lib.resume(co, ...)
  if type(co) ~= "thread" then
    error("bad argument #1 to 'resume' (coroutine expected)", 2)
  end
  return resume(co, ...)
end

function lib.yield(...)
  if istop() then
    error("attempt to yield from outside a coroutine", 2)
  end
  return raw_yield(TAG, ...)
end

local function wrapped(co, ok, ...)
  if ok then
    return ...
  end
  if raw_status(co) == "dead" then
    raw_close(co)
  end
  local e = ...
  error(e, type(e) == "string" and 2 or 0)
end

function lib.wrap(f)
  if type(f) ~= "function" then
    error("bad argument #1 to 'wrap' (function expected)", 2)
  end
  local co = raw_create(f)
  return function(...)
    return wrapped(co, resume(co, ...))
  end
end

function lib.isyieldable()
  return not istop() and isyieldable()
end

function lib.running()
  return raw_running(), istop()
end

function lib.status(co)
  if type(co) ~= "thread" then
    error("bad argument #1 to 'status' (coroutine expected)", 2)
  end
  return raw_status(co)
end

function lib.close(co)
  if type(co) ~= "thread" then
    error("bad argument #1 to 'close' (coroutine expected)", 2)
  end
  return raw_close(co)
end

C.coroutines = lib
