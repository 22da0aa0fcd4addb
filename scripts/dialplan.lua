-- The default dialplan: run for each new call, in the call's own script.
-- Save it and the next call follows the new version; calls under way finish on theirs.

local route = require "route"

local domain = session:getVariable("domain_name") or freeswitch.getGlobalVariable("domain") or ""

-- Users. A phone that is busy, away or not registered is said so, then the caller is let go with the cause of the failed leg.
local function call_user(number)
  session:setVariable("hangup_after_bridge", "true")
  session:setVariable("continue_on_fail", "true")
  session:setVariable("call_timeout", "30")
  session:execute("bridge", "user/" .. number .. "@" .. domain)

  -- After a conversation this is "call accepted", else the cause why there was none.
  local disposition = session:getVariable("originate_disposition") or "NORMAL_TEMPORARY_FAILURE"
  if disposition ~= "call accepted" and session:ready() then
    if session:answered() then
      session:streamFile("not_available.wav")
    end
    session:hangup(disposition)
  end
end

local function not_found(number)
  session:consoleLog("notice", "no route to " .. number .. "\n")
  session:execute("respond", "404")
  if session:ready() then
    session:hangup("NO_ROUTE_DESTINATION")
  end
end

local function play(source)
  return function()
    session:answer()
    session:execute("playback", source)
  end
end

route("^10[01]%d$", call_user)

route("^9195$", function()
  session:answer()
  session:execute("delay_echo", "5000")
end)

route("^9196$", function()
  session:answer()
  session:execute("echo")
end)

route("^9197$", play("tone_stream://%(1000,0,1004);loops=-1"))
route("^9198$", play("tone_stream://%(250,0,523);%(250,0,587);%(250,0,659);%(250,0,698);%(500,0,784);%(500,250,784);loops=-1"))

-- Music on hold, until the caller hangs up.
route("^9664$", function()
  session:answer()
  while session:ready() do
    if session:streamFile("music.wav") ~= 1 then
      session:sleep(1000)
    end
  end
end)

route("^5000$", function()
  session:execute("lua", "ivr.lua")
end)

route("^30%d%d$", function(number)
  session:answer()
  session:execute("conference", number .. "@default")
end)

-- Call park: 5900 leaves the call there, 5901 fetches the one that was left last.
route("^5900$", function()
  session:answer()
  freeswitch.setGlobalVariable("parked_call", session.uuid)
  session:execute("park")
  if freeswitch.getGlobalVariable("parked_call") == session.uuid then
    freeswitch.setGlobalVariable("parked_call", nil)
  end
end)

route("^5901$", function()
  local parked = freeswitch.getGlobalVariable("parked_call")
  session:answer()
  if parked then
    freeswitch.setGlobalVariable("parked_call", nil)
    session:execute("intercept", parked)
  else
    session:streamFile("not_available.wav")
  end
end)

-- Streams: what a page or an encoder publishes at /api/whip/NAME is played by any number at /api/whap/NAME and /api/whep/NAME. A name begins with a letter.
route("^%a[%w._-]*$", function(name)
  if session:getVariable("whip_method") then
    session:execute("stream", name)
  else
    not_found(name)
  end
end)

route.otherwise(not_found)

route.run(session:getVariable("destination_number"))
