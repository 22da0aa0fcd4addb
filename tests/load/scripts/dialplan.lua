-- Routes of tests/load/run: each call does the least that its figure needs.
local number = session:getVariable("destination_number")

if number == "100" then                 -- answer, until the caller hangs up
  session:answer()
  session:execute("park")
elseif number == "200" then             -- to the called phone
  session:setVariable("hangup_after_bridge", "true")
  session:execute("bridge", "user/1001")
elseif number == "300" then             -- the shortest call of a script
  session:answer()
  session:hangup()
elseif number == "301" then             -- the IVR call of the budget
  session:answer()
  for i = 1, 11 do
    session:setVariable("ivr_" .. i, "value " .. i)
  end
  session:hangup()
else
  session:hangup("UNALLOCATED_NUMBER")
end
