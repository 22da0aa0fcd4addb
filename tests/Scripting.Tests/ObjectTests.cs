using System.Text.Json;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

/// <summary>freeswitch.Event and freeswitch.JSON.</summary>
public sealed class ObjectTests
{
    [Fact]
    public async Task An_event_keeps_headers_in_order_and_finds_them_in_any_case()
    {
        using var bench = new ScriptBench();

        Assert.Equal("CUSTOM|my::thing|two|nil|true|false|true|nil|body", await bench.WriteAsync("""
            local e = freeswitch.Event('custom', 'my::thing')
            e:addHeader('Number', 1) e:addHeader('number', 'x')
            local e2 = freeswitch.Event('SWITCH_EVENT_MESSAGE')
            e2:addHeader('a', 'one') e2:addHeader('A', 'two')
            e:addBody('body')
            stream:write(table.concat({ e:getType(), e:getHeader('event-subclass'), e2:getHeader('a'), tostring(e:getHeader('none')),
              tostring(e:addHeader('b', '')), tostring(e:addHeader('c', nil)), tostring(e:delHeader('NUMBER')), tostring(e:getHeader('number')), e:getBody() }, '|'))
            """));
    }

    [Fact]
    public async Task An_event_is_written_as_text_json_and_xml()
    {
        using var bench = new ScriptBench();

        var text = await bench.WriteAsync("local e = freeswitch.Event('CUSTOM', 'a::b') e:addHeader('Key', 'x y/ä&<') e:addBody('hi') stream:write(e:serialize() .. '\\0' .. e:serialize('json') .. '\\0' .. e:serialize('xml'))");

        var parts = text.Split('\0');
        Assert.Equal("Event-Name: CUSTOM\nEvent-Subclass: a%3A%3Ab\nKey: x%20y%2F%C3%A4%26%3C\nContent-Length: 2\n\nhi", parts[0]);
        using var json = JsonDocument.Parse(parts[1]);
        Assert.Equal(("x y/ä&<", "hi"), (json.RootElement.GetProperty("Key").GetString(), json.RootElement.GetProperty("_body").GetString()));
        var xml = System.Xml.Linq.XDocument.Parse(parts[2]);
        Assert.Equal(("x y/ä&<", "hi"), (xml.Root!.Element("headers")!.Element("Key")!.Value, xml.Root.Element("body")!.Value));
    }

    [Theory]
    [InlineData("{\"a\":1,\"b\":[1,2.5,\"x\"],\"c\":{\"d\":true,\"e\":false}}")]
    [InlineData("[\"\\u00e4\",\"\\ud83d\\ude00\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\"]")]
    [InlineData("  [ 1 , -2 , 3e2 , 0.5 ] ")]
    [InlineData("[[[[1]]]]")]
    public async Task Json_survives_decoding_and_encoding(string text)
    {
        using var bench = new ScriptBench();

        var again = await bench.WriteAsync($"local json = freeswitch.JSON() json:return_unformatted_json(true) stream:write(json:encode(json:decode([==[{text}]==])))");

        using var expected = JsonDocument.Parse(text);
        using var actual = JsonDocument.Parse(again);
        Assert.True(JsonElement.DeepEquals(expected.RootElement, actual.RootElement), again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1,]")]
    [InlineData("{\"a\"}")]
    [InlineData("\"abc")]
    [InlineData("[1] 2")]
    [InlineData("nul")]
    [InlineData("\"\\x\"")]
    [InlineData("01x")]
    public async Task Bad_json_is_nil(string text)
    {
        using var bench = new ScriptBench();

        Assert.Equal("nil", await bench.WriteAsync($"stream:write(tostring(freeswitch.JSON():decode([==[{text}]==])))"));
    }

    [Fact]
    public async Task Json_follows_the_documented_options()
    {
        using var bench = new ScriptBench();

        Assert.Equal("{}[]{\n\t\"a\":\t3\n}", await bench.WriteAsync("""
            local json = freeswitch.JSON()
            stream:write(json:encode({})) json:encode_empty_table_as_object(false) stream:write(json:encode({}))
            stream:write(json:encode({ a = 9 / 3 }))
            assert(next(json:decode('{"a":null}')) == nil and #json:decode('[1,null,2]') == 2)
            local deep = {} for i = 1, 500 do deep = { deep } end
            assert(not pcall(json.encode, json, deep) and json:decode(('['):rep(500) .. (']'):rep(500)) == nil)
            """));
    }
}
