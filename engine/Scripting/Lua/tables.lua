-- Tables and mathematics: loops over script data are Lua, where they can be interrupted; in C one call could run for years.

local C = ...
local error, type, select, setmetatable = error, type, select, setmetatable
local integral = C.integral
local raw_concat, raw_unpack, raw_pack = table.concat, table.unpack, table.pack
local math_type = math.type

local lib = { unpack = raw_unpack, pack = raw_pack }

local function check(t, name)
  if type(t) ~= "table" then
    error("bad argument #1 to '" .. name .. "' (table expected, got " .. (t == nil and "nil" or type(t)) .. ")", 3)
  end
end

function lib.insert(t, ...)
  check(t, "insert")
  local size, count = #t, select("#", ...)
  if count == 1 then
    t[size + 1] = (...)
    return
  elseif count ~= 2 then
    error("wrong number of arguments to 'insert'", 2)
  end
  local position, value = ...
  position = integral(position)
  if math_type(position) ~= "integer" then
    error("bad argument #2 to 'insert' (number expected, got " .. type(position) .. ")", 2)
  elseif position < 1 or position > size + 1 then
    error("bad argument #2 to 'insert' (position out of bounds)", 2)
  end
  for i = size, position, -1 do
    t[i + 1] = t[i]
  end
  t[position] = value
end

function lib.remove(t, position)
  check(t, "remove")
  local size = #t
  if position == nil then
    position = size
  else
    position = integral(position)
    if math_type(position) ~= "integer" then
      error("bad argument #2 to 'remove' (number expected, got " .. type(position) .. ")", 2)
    elseif size + 1 ~= position and (position < 1 or position > size + 1) and not (size == 0 and position == 0) then
      error("bad argument #2 to 'remove' (position out of bounds)", 2)
    end
  end
  local value = t[position]
  for i = position, size - 1 do
    t[i] = t[i + 1]
  end
  if position <= size then
    t[size] = nil
  else
    t[position] = nil
  end
  return value
end

function lib.move(a, from, to, target, b)
  check(a, "move")
  b = b or a
  if to >= from then
    if target > to or target <= from or b ~= a then
      for i = 0, to - from do
        b[target + i] = a[from + i]
      end
    else
      for i = to - from, 0, -1 do
        b[target + i] = a[from + i]
      end
    end
  end
  return b
end

function lib.concat(t, separator, i, j)
  check(t, "concat")
  i, j = i or 1, j or #t
  local copy
  for k = i, j do
    local value = t[k]
    if type(value) == "number" then
      local whole = integral(value)
      if math_type(whole) ~= math_type(value) then
        copy = copy or setmetatable({}, { __index = t })
        copy[k] = whole
      end
    elseif type(value) ~= "string" then
      error("invalid value (at index " .. C.tostr(k) .. ") in table for 'concat'", 2)
    end
  end
  local text = raw_concat(copy or t, separator or "", i, j)
  C.tick()
  return text
end

-- A merge sort: it ends whatever the comparison says, and may be interrupted in it.
function lib.sort(t, before)
  check(t, "sort")
  if before ~= nil and type(before) ~= "function" then
    error("bad argument #2 to 'sort' (function expected, got " .. type(before) .. ")", 2)
  end
  before = before or function(a, b) return a < b end
  local size = #t
  local from, to = {}, {}
  for i = 1, size do
    from[i] = t[i]
  end
  local width = 1
  while width < size do
    local left = 1
    while left <= size do
      local middle, last = left + width, left + 2 * width
      if middle > size + 1 then middle = size + 1 end
      if last > size + 1 then last = size + 1 end
      local i, j = left, middle
      for k = left, last - 1 do
        if i < middle and (j >= last or not before(from[j], from[i])) then
          to[k], i = from[i], i + 1
        else
          to[k], j = from[j], j + 1
        end
      end
      left = last
    end
    from, to = to, from
    width = width * 2
  end
  for i = 1, size do
    t[i] = from[i]
  end
end

-- Names of Lua 5.1 that scripts still use.
function lib.getn(t)
  return #t
end

function lib.maxn(t)
  local most = 0
  for key in next, t do
    if type(key) == "number" and key > most then
      most = key
    end
  end
  return most
end

C.tables = lib

local maths = {}
for name, value in pairs(math) do
  maths[name] = value
end
for _, name in ipairs({ "abs", "fmod", "max", "min", "sqrt", "exp", "log" }) do
  local f = math[name]
  maths[name] = function(...)
    return integral(f(...))
  end
end
function maths.modf(n)
  local whole, fraction = math.modf(n)
  return integral(whole), integral(fraction)
end
function maths.pow(a, b)
  return integral(a ^ b)
end
function maths.log10(n)
  return integral(math.log(n, 10))
end
function maths.ldexp(m, e)
  return integral(m * 2.0 ^ e)
end
-- The generator serves all calls; nobody may make its numbers predictable for the others.
function maths.randomseed()
end
C.maths = maths

local WORD = 0xffffffff
local bits = {}
function bits.band(...)
  local r = WORD
  for i = 1, select("#", ...) do r = r & integral((select(i, ...))) end
  return r & WORD
end
function bits.bor(...)
  local r = 0
  for i = 1, select("#", ...) do r = r | integral((select(i, ...))) end
  return r & WORD
end
function bits.bxor(...)
  local r = 0
  for i = 1, select("#", ...) do r = r ~ integral((select(i, ...))) end
  return r & WORD
end
function bits.bnot(n)
  return ~integral(n) & WORD
end
function bits.lshift(n, by)
  if by < 0 then return bits.rshift(n, -by) end
  return by > 31 and 0 or (integral(n) << by) & WORD
end
function bits.rshift(n, by)
  if by < 0 then return bits.lshift(n, -by) end
  return by > 31 and 0 or (integral(n) & WORD) >> by
end
function bits.btest(...)
  return bits.band(...) ~= 0
end
C.bits = bits
