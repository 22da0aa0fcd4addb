-- The numbers that the scenarios call. What stands behind a dash is a port of this machine where another scenario waits.
local number = session:getVariable("destination_number")
local ports = {}
for port in number:gmatch("%-(%d+)") do
  ports[#ports + 1] = "sofia/internal/phone@127.0.0.1:" .. port
end

if number == "6200" then
  -- Answers and waits.
  session:answer()
  session:sleep(100000)
elseif number == "6300" then
  -- Early media, then an answer.
  session:preAnswer()
  session:sleep(300)
  session:answer()
  session:sleep(100000)
elseif number == "6400" then
  -- Says nothing for a while, then answers.
  session:sleep(300)
  session:answer()
  session:sleep(100000)
elseif number:find("^loop%-") then
  -- loop-PORT: calls itself by way of the engine's own port, without an end of its own
  session:execute("bridge", "sofia/internal/" .. number .. "@127.0.0.1:" .. ports[1]:match("%d+$"))
  if session:ready() and not session:answered() then
    session:hangup(session:getVariable("originate_disposition") or "NORMAL_CLEARING")
  end
elseif #ports > 0 then
  -- bridge-PORT, fork-PORT-PORT-PORT
  session:setVariable("hangup_after_bridge", "true")
  session:execute("bridge", table.concat(ports, ","))
  if session:ready() and not session:answered() then
    session:hangup(session:getVariable("originate_disposition") or "NORMAL_CLEARING")
  end
end
