using System.Net;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Events;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Tests.Plugins;

/// <summary>Requests, messages, events and API commands of a plugin: each question has one answer, whatever happens to the version meanwhile.</summary>
public sealed class RequestTests : IDisposable
{
    private readonly ManualSlot _slot = new();
    private readonly List<string> _seen = [];

    public void Dispose() => _slot.Dispose();

    [Fact]
    public void A_request_is_answered_by_the_version_that_took_over_meanwhile()
    {
        var first = new ScriptedPlugin("1.0.0") { On = (p, e) => p.State.Add($"{e.Key}") };
        _slot.Start(first);
        var reply = Ask(out _);
        _slot.Run();
        Assert.Null(reply.Value);
        var next = new ScriptedPlugin("2.0.0") { On = (p, e) => Answer(p, long.Parse(p.State[0], System.Globalization.CultureInfo.InvariantCulture), "late") };
        _ = _slot.Slot.Flip(_slot.Instance(next));

        _slot.Datagram("now");

        Assert.Equal("200 late", reply.Value);
    }

    [Fact]
    public void A_request_that_nobody_answers_gets_504_after_five_minutes()
    {
        _slot.Start(new ScriptedPlugin { On = (p, e) => p.State.Add($"{e.Key}") });
        var reply = Ask(out _);
        _slot.Advance(299_000);
        Assert.Null(reply.Value);

        _slot.Advance(2_000);

        Assert.StartsWith("504", reply.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_that_goes_away_is_told_to_the_plugin_unless_it_was_answered()
    {
        _slot.Start(new ScriptedPlugin
        {
            On = (p, e) =>
            {
                _seen.Add($"{e.Kind} {e.Request?.Path}");
                if (e.Request?.Path == "/quick")
                {
                    Answer(p, e.Key, "");
                }
            },
        });
        _ = Ask(out var slow);
        _ = Ask(out var quick, "/quick");
        _slot.Run();

        _slot.Slot.AbortRequest(new ListenerId(1), slow);
        _slot.Slot.AbortRequest(new ListenerId(1), quick);
        _slot.Run();

        Assert.Equal(["HttpRequest /a", "HttpRequest /quick", "HttpAborted "], _seen);
    }

    [Fact]
    public void A_plugin_that_fails_at_a_question_answers_it_with_an_error_at_once()
    {
        _slot.Start(new ScriptedPlugin { On = (_, _) => throw new InvalidOperationException("broken") });
        var reply = Ask(out _);
        MessageOutcome? outcome = null;
        _slot.Slot.Deliver(new TextMessage("a@x", "b@x", "text/plain", "hi"), new DialTarget("sample", "", "b", null), o => outcome = o);

        _slot.Run();

        Assert.StartsWith("500", reply.Value, StringComparison.Ordinal);
        Assert.Equal(500, outcome?.Status);
    }

    [Fact]
    public void A_message_and_its_outcome_go_both_ways()
    {
        _slot.Start(new ScriptedPlugin
        {
            On = (p, e) =>
            {
                switch (e.Kind)
                {
                    case TransportEventKind.Message:
                        _seen.Add($"deliver {e.Message!.Text} to {e.Target!.Address}");
                        p.Host.CompleteMessage(e.Key, 202, "ok");
                        p.Host.CompleteMessage(e.Key, 500, "twice");
                        break;
                    case TransportEventKind.Datagram:
                        p.Host.Calls.Submit(7, new TextMessage("a@x", "b@x", "text/plain", "hi"));
                        break;
                    case TransportEventKind.MessageResult:
                        _seen.Add($"{e.Key} {e.Status} {e.Text}");
                        break;
                    default:
                        break;
                }
            },
        });
        var outcomes = new List<MessageOutcome>();
        _slot.Slot.Deliver(new TextMessage("a@x", "b@x", "text/plain", "hey"), new DialTarget("sample", "", "b", null), outcomes.Add);
        _slot.Datagram("go");
        _slot.Run();
        Assert.Equal("hi", _slot.Services.Messages.Single().Message.Text);

        _slot.Services.Messages[0].OnResult(404, "nobody");
        _slot.Run();

        Assert.Equal([new MessageOutcome(202, "ok")], outcomes);
        Assert.Equal(["deliver hey to b", "7 404 nobody"], _seen);
    }

    [Fact]
    public void A_command_of_a_version_that_is_taken_back_runs_once_and_its_reply_reaches_the_old_one()
    {
        var old = new ScriptedPlugin("1.0.0") { On = Command };
        _slot.Start(old);
        var trial = _slot.Slot.Flip(_slot.Instance(new ScriptedPlugin("2.0.0") { On = Command })).Trial;
        _slot.Datagram("ask");
        _slot.Datagram("fail");
        Assert.True(trial.Ended.Task.IsCompleted);

        _slot.Services.Commands.Single().OnReply("2 calls");
        _slot.Run();

        Assert.Equal("show calls", _slot.Services.Commands[0].Line);
        Assert.Contains("1.0.0 9 2 calls", _seen);

        void Command(ScriptedPlugin p, TransportEvent e)
        {
            if (e.Kind == TransportEventKind.ApiResult)
            {
                _seen.Add($"{p.Version} {e.Key} {e.Text}");
            }
            else if (Encoding.ASCII.GetString(e.Data.Span) == "ask")
            {
                p.Host.RunApi(9, "show", "calls");
            }
            else if (p.Version == "2.0.0")
            {
                throw new InvalidOperationException("broken");
            }
        }
    }

    [Fact]
    public void Switch_events_come_to_the_version_in_force_by_its_own_choice_and_none_to_who_published_it()
    {
        var old = Listener("1.0.0", "CALL_UPDATE");
        _slot.Start(old);
        Publish("CALL_UPDATE");
        Publish("HEARTBEAT");
        var trial = _slot.Slot.Flip(_slot.Instance(Listener("2.0.0", "HEARTBEAT"))).Trial;
        Publish("CALL_UPDATE");
        Publish("HEARTBEAT");
        _slot.Datagram("fail");
        Assert.True(trial.Ended.Task.IsCompleted);
        Publish("CALL_UPDATE");
        _slot.Datagram("publish");
        _slot.Run();

        Assert.Equal(["1.0.0 CALL_UPDATE", "2.0.0 HEARTBEAT", "1.0.0 HEARTBEAT", "1.0.0 CALL_UPDATE"], _seen);

        void Publish(string name)
        {
            _slot.Services.Events.Publish(new SwitchEvent(name, []));
            _slot.Run();
        }

        ScriptedPlugin Listener(string version, string wanted) => new(version)
        {
            WhenStarted = p => p.Host.Subscribe([wanted]),
            On = (p, e) =>
            {
                if (e.Event is { } happened)
                {
                    _seen.Add($"{p.Version} {happened.Name}");
                }
                else if (e.Data.Span.SequenceEqual("publish"u8))
                {
                    p.Host.Publish(new PluginEvent("CALL_UPDATE", "", [], null));
                }
                else if (p.Version == "2.0.0")
                {
                    throw new InvalidOperationException("broken");
                }
            },
        };
    }

    [Fact]
    public void A_plugin_that_has_stopped_answers_what_waits()
    {
        _slot.Start(new ScriptedPlugin { On = (_, _) => { } });
        var waiting = Ask(out _);
        _slot.Run();

        _ = _slot.Slot.Stop();

        Assert.StartsWith("503", waiting.Value, StringComparison.Ordinal);
        Assert.StartsWith("503", Ask(out _).Value, StringComparison.Ordinal);
    }

    private static void Answer(ScriptedPlugin plugin, long key, string text) =>
        plugin.Host.Respond(key, new HttpReply(200, [], Encoding.ASCII.GetBytes(text)));

    private StrongBox Ask(out long key, string path = "/a")
    {
        var box = new StrongBox();
        var from = new IPEndPoint(IPAddress.Loopback, 1);
        key = _slot.Slot.Request(new ListenerId(1), from, from, new HttpRequest("GET", path, "", [], default), r => box.Value = $"{r.Status} {Encoding.ASCII.GetString(r.Body.Span)}");
        return box;
    }

    private sealed class StrongBox
    {
        public string? Value { get; set; }
    }
}
