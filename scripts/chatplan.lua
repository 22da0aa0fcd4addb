-- Runs for each text message: from verto.info, SIP MESSAGE, the REST API and the command "chat".
-- message:chat_execute("send") delivers it as it is then, ("reply", text) answers, ("stop") drops it.
-- A script that decides nothing lets the message pass to every phone and page of its addressee.

local to = message:getHeader("to_user")

if to == "9196" then
  -- the echo of calls answers texts too
  message:chat_execute("reply", message:getBody())
end
