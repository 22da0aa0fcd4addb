-- The demo: a menu by keys. Dial 5000.
--
--   1  asks for a number and calls that user          2  records the caller and plays it back
--   9  says goodbye
--
-- It reads as a straight line: each method waits for its operation, and no thread waits with it.

local TRIES, FIRST_DIGIT_MS, NEXT_DIGIT_MS = 3, 5000, 3000
local domain = session:getVariable("domain_name") or freeswitch.getGlobalVariable("domain") or ""

-- Plays digits one by one.
local function say_digits(digits)
  for digit in digits:gmatch("%d") do
    session:streamFile(digit .. ".wav")
  end
end

-- Any key ends the welcome; one that belongs to the menu is remembered as the choice.
early_choice = nil

function on_key(s, kind, object)
  if kind == "dtmf" then
    early_choice = object.digit:match("[129]")
    return "break"
  end
end

-- Any key ends the recording.
function on_key_while_recording(s, kind)
  return kind == "dtmf" and "stop" or ""
end

local function call_colleague()
  local number = session:playAndGetDigits(4, 4, TRIES, FIRST_DIGIT_MS, "#", "enter_number.wav", "invalid.wav", "^10[01]\\d$", "colleague", NEXT_DIGIT_MS)
  if number == "" then
    return
  end
  session:streamFile("you_entered.wav")
  say_digits(number)
  session:streamFile("calling.wav")
  session:setVariable("continue_on_fail", "true")
  session:setVariable("call_timeout", "20")
  session:execute("bridge", "user/" .. number .. "@" .. domain)
  -- After a conversation this is "call accepted", else the cause why there was none.
  if session:ready() and session:getVariable("originate_disposition") ~= "call accepted" then
    session:streamFile("not_available.wav")
  end
end

local function record_and_play()
  local directory = freeswitch.getGlobalVariable("recordings_dir") or freeswitch.getGlobalVariable("temp_dir") or "/tmp"
  local path = directory .. "/ivr-" .. session.uuid .. ".wav"
  session:streamFile("record.wav")
  session:streamFile("beep.wav")
  session:flushDigits()
  session:setInputCallback("on_key_while_recording")
  local done = session:recordFile(path, 20, 200, 4)
  session:unsetInputCallback()
  if not session:ready() then
    return
  end
  if done == 1 then
    session:streamFile("recorded.wav")
    session:streamFile(path)
    session:streamFile("thank_you.wav")
  else
    session:streamFile("invalid.wav")
  end
end

local menu = { ["1"] = call_colleague, ["2"] = record_and_play }

session:answer()
session:sleep(300)
session:setInputCallback("on_key")
session:streamFile("welcome.wav")
session:unsetInputCallback()

local misses = 0
while session:ready() and misses < TRIES do
  local choice = early_choice
  early_choice = nil
  if not choice then
    choice = session:playAndGetDigits(1, 1, 1, FIRST_DIGIT_MS, "", "menu.wav", "", "[0-9*#]", "choice")
  end
  session:consoleLog("info", "ivr: choice '" .. choice .. "'\n")
  if choice == "9" then
    break
  elseif menu[choice] then
    misses = 0
    menu[choice]()
  else
    misses = misses + 1
    if choice ~= "" then
      session:streamFile("invalid.wav")
    end
  end
end

if session:ready() then
  session:streamFile("goodbye.wav")
  session:hangup("NORMAL_CLEARING")
end
