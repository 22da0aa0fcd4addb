-- A table of numbers for a dialplan:
--
--   local route = require "route"
--   route("^30%d%d$", function(number) session:execute("conference", number) end)
--   route("^(%d%d%d)(%d+)$", function(number, area, rest) ... end)   -- captures follow the number
--   route.otherwise(function(number) session:execute("respond", "404") end)
--   route.run(session:getVariable("destination_number"))
--
-- Patterns are Lua patterns, tried in the order given; the first that matches decides.

local route = { entries = {} }

local function dispatch(number, fn, ...)
  fn(number, ...)
  return true
end

-- Adds a pattern and what to do.
function route.add(pattern, fn)
  route.entries[#route.entries + 1] = { pattern = pattern, fn = fn }
end

-- What to do with a number that no pattern matches.
function route.otherwise(fn)
  route.default = fn
end

-- Decides on a number. Returns whether anything was responsible.
function route.run(number)
  number = number or ""
  for _, entry in ipairs(route.entries) do
    local from, _, first, second, third, fourth = string.find(number, entry.pattern)
    if from then
      return dispatch(number, entry.fn, first, second, third, fourth)
    end
  end
  if route.default then
    return dispatch(number, route.default)
  end
  return false
end

return setmetatable(route, { __call = function(_, pattern, fn) route.add(pattern, fn) end })
