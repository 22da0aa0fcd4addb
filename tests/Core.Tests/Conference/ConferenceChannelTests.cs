using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Events;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Core.Tests.Calls;

namespace XSwitchEngine.Core.Tests.Conference;

/// <summary>What pages see of a conference (verto.md 11).</summary>
public sealed class ConferenceChannelTests
{
    private readonly CallBench _bench = new();
    private int _seen;

    [Fact]
    public void A_page_that_joins_is_told_its_channels_before_everybody_hears_of_it()
    {
        var leg = Join("session-1", "3500");
        var events = Published();
        var join = events[0];
        Assert.Equal("session-1", join.Header("Event-Channel-Sessid"));
        Assert.Equal(leg.Uuid, join.Header("Unique-ID"));
        Assert.Equal("conference-liveArray.3500@test.local,conference-chat.3500@test.local,conference-info.3500@test.local,conference-mod.3500@test.local", join.Header("Grant-Channels"));
        var data = join.Body.GetProperty("pvtData");
        Assert.Equal(("conference-liveArray-join", "participant", "3500", leg.Uuid), (data.GetProperty("action").GetString(), data.GetProperty("role").GetString(), data.GetProperty("laName").GetString(), data.GetProperty("callID").GetString()));
        Assert.Equal(JsonValueKind.String, data.GetProperty("conferenceMemberID").ValueKind);
        Assert.False(data.TryGetProperty("modChannel", out _));
        Assert.False(join.Body.TryGetProperty("callID", out _));

        var add = events[1].Body.GetProperty("data");
        Assert.Equal(("add", 1, 0, leg.Uuid), (add.GetProperty("action").GetString(), add.GetProperty("wireSerno").GetInt32(), add.GetProperty("arrIndex").GetInt32(), add.GetProperty("hashKey").GetString()));
        var row = add.GetProperty("data");
        Assert.Equal(7, row.GetArrayLength());
        Assert.Equal(4, row[0].GetString()!.Length);
        Assert.Equal(int.Parse(row[0].GetString()!), int.Parse(data.GetProperty("conferenceMemberID").GetString()!));
        Assert.Equal(JsonValueKind.String, row[4].ValueKind);
        Assert.False(JsonDocument.Parse(row[4].GetString()!).RootElement.GetProperty("audio").GetProperty("muted").GetBoolean());
        Assert.Equal("ann@example.net", row[5].GetProperty("email").GetString());
        Assert.Equal(JsonValueKind.Null, row[6].ValueKind);
    }

    [Fact]
    public void Serials_have_no_gaps_and_a_bootstrap_is_for_one_session()
    {
        var a = Join("s1", "3500");
        Join("s2", "3500");
        _bench.Api("conference 3500 mute all");
        _bench.Post(new LegEvent.Dtmf(a.Id, '0', 100));
        _bench.Post(new LegEvent.HungUp(a.Id, HangupCause.NormalClearing, 0, "", true));
        var changes = Published().Where(e => e.Body.TryGetProperty("data", out _)).Select(e => e.Body.GetProperty("data")).ToList();
        Assert.Equal(["add", "add", "modify", "modify", "modify", "del"], changes.Select(c => c.GetProperty("action").GetString()));
        Assert.Equal([1, 2, 3, 4, 5, 6], changes.Select(c => c.GetProperty("wireSerno").GetInt32()));
        Assert.Equal([true, true, false], changes[2..5].Select(c => JsonDocument.Parse(c.GetProperty("data")[4].GetString()!).RootElement.GetProperty("audio").GetProperty("muted").GetBoolean()));

        Say("conference-liveArray.3500@test.local", "s2", """{"data":{"liveArray":{"command":"bootstrap","name":"3500"}}}""");
        var boot = Published().Single();
        Assert.Equal("s2", boot.Header("Event-Channel-Sessid"));
        Assert.Equal("s2", boot.Body.GetProperty("sessid").GetString());
        var data = boot.Body.GetProperty("data");
        Assert.Equal(("bootObj", -1, 1), (data.GetProperty("action").GetString(), data.GetProperty("wireSerno").GetInt32(), data.GetProperty("data").GetArrayLength()));
    }

    [Fact]
    public void Talking_and_the_floor_are_in_the_rows_of_those_who_changed()
    {
        var (a, b) = (Join("s1", "3500"), Join("s2", "3500"));
        Published();
        Talk(a, true);
        Assert.Equal([(a.Uuid, "TALKING (FLOOR)")], Rows());
        Talk(b, true);
        Assert.Equal([(b.Uuid, "TALKING")], Rows());
        Talk(a, false);
        Assert.Equal([(a.Uuid, "FLOOR")], Rows());
        Talk(b, false);
        Talk(b, true);
        Assert.Equal([(b.Uuid, "ACTIVE"), (a.Uuid, "ACTIVE"), (b.Uuid, "TALKING (FLOOR)")], Rows());
        Assert.Contains(";hear|speak|talking|floor;0;0;1234\n", _bench.Api("conference 3500 list"), StringComparison.Ordinal);
        _bench.Post(new LegEvent.HungUp(b.Id, HangupCause.NormalClearing, 0, "", true));
        Published();
        Talk(a, true);
        Assert.Equal([(a.Uuid, "TALKING (FLOOR)")], Rows());

        void Talk(Leg leg, bool begins)
        {
            _bench.Media.Report(Media.MediaEventKind.Talking, leg.Media, begins ? 1 : 0, 1234);
            _bench.Settle();
        }

        List<(string, string)> Rows() =>
        [
            .. Published().Select(e => e.Body.GetProperty("data")).Where(d => d.GetProperty("action").GetString() == "modify")
                .Select(d => (d.GetProperty("hashKey").GetString()!, JsonDocument.Parse(d.GetProperty("data")[4].GetString()!).RootElement.GetProperty("oldStatus").GetString()!)),
        ];
    }

    [Fact]
    public void Chat_comes_back_to_all_as_from_who_was_authenticated()
    {
        Join("s1", "3500");
        Published();
        Say("conference-chat.3500@test.local", "s1", """{"fromDisplay":"Ann","data":{"action":"send","message":"hello","from":"boss"}}""");
        var chat = Published().Single();
        Assert.Equal("conference-chat.3500@test.local", chat.Header("Event-Channel"));
        var data = chat.Body.GetProperty("data");
        Assert.Equal(("outbound", "hello", "Ann", "1000@test.local", "message"), (data.GetProperty("direction").GetString(), data.GetProperty("message").GetString(), data.GetProperty("fromDisplay").GetString(), data.GetProperty("from").GetString(), data.GetProperty("type").GetString()));
    }

    [Fact]
    public void Only_a_moderator_moderates()
    {
        var member = Join("s1", "3500");
        Published();
        const string Mute = """{"data":{"application":"conf-control","command":"tmute","id":#,"value":null}}""";
        var id = member.Variables["conference_member_id"]!;
        Say("conference-mod.3500@test.local", "s1", Mute.Replace("#", id, StringComparison.Ordinal));
        Assert.Empty(Published());
        Join("s2", "3500", "+flags{moderator}");
        Assert.Equal("moderator", Published()[0].Body.GetProperty("pvtData").GetProperty("role").GetString());
        Say("conference-mod.3500@test.local", "s2", Mute.Replace("#", id, StringComparison.Ordinal));
        var events = Published();
        Assert.Equal("modify", events[0].Body.GetProperty("data").GetProperty("action").GetString());
        var response = events[1].Body.GetProperty("data");
        Assert.Equal(("response", $"3500 tmute {id}", $"+OK tmute {id}\n"), (response.GetProperty("action").GetString(), response.GetProperty("conf-command").GetString(), response.GetProperty("response").GetString()));
        Say("conference-mod.3500@test.local", "s2", """{"data":{"application":"conf-control","command":"list-videoLayouts"}}""");
        Assert.Equal(0, Published()[0].Body.GetProperty("data").GetProperty("responseData").GetArrayLength());
        Say("conference-mod.3500@test.local", "s2", """{"data":{"application":"conf-control","command":""}}""");
        Assert.Equal("Invalid Command", Published()[0].Body.GetProperty("data").GetProperty("error").GetString());
        Say("conference-mod.3500@test.local", "s2", """{"data":{"application":"conf-control","command":"kick","id":#}}""".Replace("#", id, StringComparison.Ordinal));
        Assert.Contains(Published(), e => e.Body.TryGetProperty("data", out var d) && d.GetProperty("action").GetString() == "del");
    }

    private Leg Join(string session, string name, string flags = "")
    {
        var (leg, script) = _bench.Incoming(name);
        leg.Variables.Set("event_channel_cookie", session);
        leg.Variables.Set("verto_dvar_email", "ann@example.net");
        _bench.Run(script, ScriptOp.Execute, "conference", name + "@default" + flags);
        return leg;
    }

    private void Say(string channel, string session, string body)
    {
        _bench.Events.Bus.Publish(new SwitchEvent("CUSTOM", [new("Event-Channel", channel), new("verto_sessid", session), new("verto_userid", "1000@test.local")]) { Subclass = "event_channel::broadcast", Body = body });
        _bench.Settle();
    }

    private List<(SwitchEvent Event, JsonElement Body, Func<string, string?> Header)> Published()
    {
        var events = _bench.Events.Published.Skip(_seen).Where(e => e.Subclass == "event_channel::publish")
            .Select(e => (e, JsonDocument.Parse(e.Body!).RootElement, new Func<string, string?>(name => e.Headers.FirstOrDefault(h => h.Key == name).Value)))
            .ToList();
        _seen = _bench.Events.Published.Count;
        return events;
    }
}
