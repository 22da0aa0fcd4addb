-- Objects of the API that are not sessions: freeswitch.API, stream, events, JSON.

local C = ...
local error, type, setmetatable, select, rawget = error, type, setmetatable, select, rawget
local call, settle = C.call, C.settle
local strings = C.strings
local lower, upper, gsub, format = strings.lower, strings.upper, strings.gsub, strings.format

-- freeswitch.API ---------------------------------------------------------------------------------------------------

local api = {}
local api_metatable = { __index = api, __metatable = false, __name = "API" }

local function leg_of(object, name)
  if type(object) ~= "table" or debug.getmetatable(object) ~= api_metatable then
    error("Error in API::" .. name .. " (arg 1), expected 'API *' got '" .. (object == nil and "nil" or type(object)) .. "'", 3)
  end
  return rawget(object, "session")
end

for name, method in pairs(C.classes.API) do
  if name == "getTime" then
    api[name] = function(object)
      leg_of(object, name)
      return method()
    end
  else
    api[name] = function(object, ...)
      return method(leg_of(object, name), ...)
    end
  end
end

function C.new_api(session)
  return setmetatable({ session = session }, api_metatable)
end

-- stream -----------------------------------------------------------------------------------------------------------

local stream = {}
local stream_metatable = { __index = stream, __metatable = false, __name = "Stream" }

function stream:write(text)
  if type(text) ~= "string" and type(text) ~= "number" and text ~= nil then
    error("Error in Stream::write (arg 2), expected 'char *' got '" .. type(text) .. "'", 2)
  end
  if text ~= nil and not C.write(C.tostr(text)) then
    error("the reply is too long", 2)
  end
end

function stream:raw_write(text, length)
  return stream.write(self, length and strings.sub(text, 1, length) or text)
end

function C.new_stream()
  return setmetatable({}, stream_metatable)
end

-- Events -----------------------------------------------------------------------------------------------------------

local event = {}
local event_metatable = { __index = event, __metatable = false, __name = "Event" }

-- Kinds whose header names are unique: adding replaces.
local UNIQUE = { MESSAGE = true, REQUEST_PARAMS = true, CHANNEL_DATA = true }

local function new_event(kind, subclass)
  return setmetatable({ kind = kind, subclass = subclass, names = {}, values = {} }, event_metatable)
end

-- env and message: headers given as name, value, name, value...
function C.received_event(kind, list)
  local e = new_event(kind)
  for i = 1, #list, 2 do
    e.names[#e.names + 1], e.values[#e.values + 1] = list[i], list[i + 1]
  end
  e.received = true
  return e
end

local function position(e, name)
  name = lower(name)
  for i = 1, #e.names do
    if lower(e.names[i]) == name then
      return i
    end
  end
end

function event:getHeader(name)
  if type(name) ~= "string" then
    error("Error in Event::getHeader (arg 2), expected 'char *' got '" .. type(name) .. "'", 2)
  end
  local i = position(self, name)
  if i then
    return self.values[i]
  end
  return name == "_body" and self.body or nil
end

function event:addHeader(name, value)
  if type(name) ~= "string" or (type(value) ~= "string" and type(value) ~= "number" and value ~= nil) then
    error("Error in Event::addHeader (arg 3), expected 'char *' got '" .. type(value) .. "'", 2)
  elseif value == nil then
    return false
  end
  local i = UNIQUE[self.kind] and position(self, name) or #self.names + 1
  self.names[i], self.values[i] = name, C.tostr(value)
  return true
end

function event:delHeader(name)
  local found = false
  for i = #self.names, 1, -1 do
    if lower(self.names[i]) == lower(name) then
      C.tables.remove(self.names, i)
      C.tables.remove(self.values, i)
      found = true
    end
  end
  return found
end

function event:addBody(text)
  self.body = text
  return true
end

function event:getBody()
  return self.body or (self.received and self:getHeader("_body")) or nil
end

function event:getType()
  return self.kind
end

function event:setPriority(level)
  local i = position(self, "priority") or #self.names + 1
  self.names[i], self.values[i] = "priority", ({ [1] = "LOW", [2] = "HIGH" })[level] or "NORMAL"
  return true
end

function event:merge(other)
  for i = 1, #other.names do
    self:addHeader(other.names[i], other.values[i])
  end
  return true
end

local function escaped(text)
  return (gsub(text, "[^%w%-%._~]", function(c) return format("%%%02X", strings.byte(c)) end))
end

local function xml(text)
  return (gsub(text, "[<>&\"']", { ["<"] = "&lt;", [">"] = "&gt;", ["&"] = "&amp;", ['"'] = "&quot;", ["'"] = "&apos;" }))
end

function event:serialize(kind)
  local out = {}
  kind = kind and lower(kind) or "plain"
  if kind == "json" then
    local object = {}
    for i = 1, #self.names do
      object[self.names[i]] = self.values[i]
    end
    object._body = self.body
    return C.json_encode(object)
  elseif kind == "xml" then
    for i = 1, #self.names do
      out[i] = "    <" .. self.names[i] .. ">" .. xml(self.values[i]) .. "</" .. self.names[i] .. ">\n"
    end
    local body = self.body and "  <body>" .. xml(self.body) .. "</body>\n" or ""
    return "<event>\n  <headers>\n" .. C.tables.concat(out) .. "  </headers>\n" .. body .. "</event>"
  end
  for i = 1, #self.names do
    out[i] = self.names[i] .. ": " .. escaped(self.values[i]) .. "\n"
  end
  if self.body then
    return C.tables.concat(out) .. "Content-Length: " .. #self.body .. "\n\n" .. self.body
  end
  return C.tables.concat(out) .. "\n"
end

-- What a chat script decides about its message is carried out by the core when the script has ended; what is sent is the message as it is now.
function event:chat_execute(application, data)
  if type(application) ~= "string" or (type(data) ~= "string" and type(data) ~= "number" and data ~= nil) then
    error("Error in Event::chat_execute (arg 2), expected 'char *' got '" .. type(application) .. "'", 2)
  end
  application, data = lower(application), data == nil and "" or C.tostr(data)
  if application == "set" or application == "unset" then
    local equals = strings.find(data, "=", 1, true)
    local name = equals and strings.sub(data, 1, equals - 1) or data
    self:delHeader(name)
    if equals and application == "set" then
      self:addHeader(name, strings.sub(data, equals + 1))
    end
  elseif application == "info" then
    C.log(6, self:serialize())
  elseif application == "send" or application == "fire" then
    C.reply(application, C.snapshot(self, data))
  elseif application == "reply" or application == "stop" or application == "lua" then
    C.reply(application, data)
  else
    C.log(3, "Invalid chat application " .. application)
    return 1
  end
  return 0
end

function event:chat_send(protocol)
  protocol = protocol or self:getHeader("dest_proto") or ""
  if self.received then
    C.reply("send", C.snapshot(self, protocol))
    return 0
  end
  local reply = C.classes.API.execute(nil, "chat", C.tables.concat({
    protocol == "" and "global" or protocol, self:getHeader("from") or "", self:getHeader("to") or "", self:getBody() or "", self:getHeader("type") or "text/plain",
  }, "|"))
  return reply == "Sent" and 0 or 1
end

-- JSON -------------------------------------------------------------------------------------------------------------

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
local DEEPEST = 100

local function quoted(text)
  return '"' .. gsub(text, '[%c"\\]', function(c) return ESCAPES[c] or format("\\u%04x", strings.byte(c)) end) .. '"'
end

local function encode(value, options, depth)
  local t = type(value)
  if t == "string" then
    return quoted(value)
  elseif t == "number" then
    return (value ~= value or value == math.huge or value == -math.huge) and "null" or C.tostr(value)
  elseif t == "boolean" then
    return value and "true" or "false"
  elseif t ~= "table" then
    return "null"
  elseif depth > DEEPEST then
    error("JSON is nested too deeply", 0)
  end
  local pretty = options.pretty
  local line = pretty and "\n" .. strings.rep("\t", depth) or ""
  local before = pretty and line .. "\t" or ""
  local out = {}
  if value[1] ~= nil then
    for i = 1, #value do
      out[i] = encode(value[i], options, depth + 1)
    end
    return "[" .. C.tables.concat(out, pretty and ", " or ",") .. "]"
  end
  for key, member in next, value do
    out[#out + 1] = before .. quoted(C.tostr(key)) .. (pretty and ":\t" or ":") .. encode(member, options, depth + 1)
  end
  if #out == 0 then
    return options.empty_as_object and "{}" or "[]"
  end
  return "{" .. C.tables.concat(out, ",") .. line .. "}"
end

function C.json_encode(value)
  return encode(value, { pretty = true, empty_as_object = true }, 0)
end

-- A message as the core takes it over: headers, body, and the protocol that it is to leave by.
function C.snapshot(e, protocol)
  local object = {}
  for i = #e.names, 1, -1 do
    object[e.names[i]] = e.values[i]
  end
  object._body, object._proto = event.getBody(e), protocol
  return encode(object, { empty_as_object = true }, 0)
end

local find, sub = strings.find, strings.sub
local UNESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local decode_value

local function blank(text, i)
  return (select(2, find(text, "^[ \t\r\n]*", i))) + 1
end

local function decode_string(text, i)
  local out = {}
  while true do
    local j = find(text, '["\\]', i)
    if not j then
      error("unfinished string", 0)
    end
    out[#out + 1] = sub(text, i, j - 1)
    if sub(text, j, j) == '"' then
      return C.tables.concat(out), j + 1
    end
    local c = sub(text, j + 1, j + 1)
    if c == "u" then
      local code = tonumber(sub(text, j + 2, j + 5), 16)
      if not code then
        error("bad \\u escape", 0)
      end
      i = j + 6
      if code >= 0xd800 and code < 0xdc00 and sub(text, i, i + 1) == "\\u" then
        local low = tonumber(sub(text, i + 2, i + 5), 16)
        if low and low >= 0xdc00 and low < 0xe000 then
          code, i = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), i + 6
        end
      end
      out[#out + 1] = utf8.char(code)
    elseif UNESCAPES[c] then
      out[#out + 1], i = UNESCAPES[c], j + 2
    else
      error("bad escape", 0)
    end
  end
end

local function decode_members(text, i, close, member)
  i = blank(text, i)
  if sub(text, i, i) == close then
    return i + 1
  end
  while true do
    i = blank(text, member(i))
    local c = sub(text, i, i)
    if c == close then
      return i + 1
    elseif c ~= "," then
      error("expected ',' or '" .. close .. "'", 0)
    end
    i = blank(text, i + 1)
  end
end

local LITERALS = { ["true"] = true, ["false"] = false }

decode_value = function(text, i, depth)
  if depth > DEEPEST then
    error("nested too deeply", 0)
  end
  i = blank(text, i)
  local c = sub(text, i, i)
  if c == '"' then
    return decode_string(text, i + 1)
  elseif c == "{" then
    local object = {}
    return object, decode_members(text, i + 1, "}", function(at)
      if sub(text, at, at) ~= '"' then
        error("expected a name", 0)
      end
      local name, value
      name, at = decode_string(text, at + 1)
      at = blank(text, at)
      if sub(text, at, at) ~= ":" then
        error("expected ':'", 0)
      end
      value, at = decode_value(text, at + 1, depth + 1)
      object[name] = value
      return at
    end)
  elseif c == "[" then
    local array, size = {}, 0
    return array, decode_members(text, i + 1, "]", function(at)
      local value
      value, at = decode_value(text, at, depth + 1)
      if value ~= nil then
        size = size + 1
        array[size] = value
      end
      return at
    end)
  end
  local _, stop, word = find(text, "^(%l+)", i)
  if word == "null" then
    return nil, stop + 1
  elseif LITERALS[word] ~= nil then
    return LITERALS[word], stop + 1
  end
  _, stop, word = find(text, "^(%-?%d+%.?%d*[eE]?[+-]?%d*)", i)
  local number = word and C.tonumber(word)
  if not number then
    error("unexpected '" .. c .. "'", 0)
  end
  return number, stop + 1
end

function C.json_decode(text)
  local ok, value, stop = pcall(decode_value, text, 1, 0)
  if not ok then
    return nil, value
  elseif blank(text, stop) <= #text then
    return nil, "text after the value"
  end
  return value
end

local json = {}
local json_metatable = { __index = json, __metatable = false, __name = "JSON" }

function json:decode(text)
  if type(text) ~= "string" then
    error("Error in JSON::decode (arg 2), expected 'char *' got '" .. type(text) .. "'", 2)
  end
  return (C.json_decode(text))
end

function json:encode(value)
  return encode(value, self, 0)
end

function json:encode_empty_table_as_object(on)
  self.empty_as_object = on
end

function json:return_unformatted_json(on)
  self.pretty = not on
end

function C.new_json()
  return setmetatable({ pretty = true, empty_as_object = true }, json_metatable)
end

function C.new_event(kind, subclass)
  kind = gsub(upper(kind or "MESSAGE"), "^SWITCH_EVENT_", "")
  if kind == "JSON" and subclass then
    local e = new_event("MESSAGE")
    for name, value in next, C.json_decode(subclass) or {} do
      if name == "_body" then
        e.body = C.tostr(value)
      elseif name == "Event-Name" then
        e.kind = C.tostr(value)
      end
      if name ~= "_body" then
        e:addHeader(name, C.tostr(value))
      end
    end
    return e
  end
  if subclass ~= nil and kind ~= "CUSTOM" then
    C.log(4, "Changing event type to custom because you specified a subclass name!")
    kind = "CUSTOM"
  end
  local e = new_event(kind, subclass)
  e:addHeader("Event-Name", kind)
  if subclass ~= nil then
    e:addHeader("Event-Subclass", subclass)
  end
  return e
end
