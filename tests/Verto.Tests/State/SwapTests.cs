using System.Buffers;
using System.Text.Json;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto;

namespace XSwitchEngine.Verto.Tests.State;

/// <summary>A new version takes over and no client notices.</summary>
public sealed class SwapTests
{
    [Fact]
    public void What_one_version_writes_the_next_writes_again()
    {
        foreach (var (name, bench) in Situations())
        {
            var before = bench.Host.Export();
            Assert.True(before.AsSpan().SequenceEqual(bench.Host.Export()), name + ": an export changes nothing");
            bench.Swap();
            Assert.True(before.AsSpan().SequenceEqual(bench.Host.Export()), name);
        }
    }

    [Fact]
    public void A_version_with_more_fields_and_one_with_none_are_read()
    {
        foreach (var (name, bench) in Situations())
        {
            var state = bench.Host.Export();
            var next = new VertoPlugin();
            next.Start(bench.Host, dryRun: true);
            next.Import(new ReadOnlySequence<byte>(Grow(state)));
            var again = new ArrayBufferWriter<byte>();
            next.Export(again);
            Assert.True(state.AsSpan().SequenceEqual(again.WrittenSpan), name);
        }

        var empty = new VertoPlugin();
        empty.Start(new VertoBench().Host, dryRun: true);
        empty.Import(new ReadOnlySequence<byte>([0x90]));
        empty.Import(ReadOnlySequence<byte>.Empty);
    }

    [Fact]
    public void State_that_is_no_state_is_refused_by_an_exception()
    {
        var plugin = new VertoPlugin();
        plugin.Start(new VertoBench().Host, dryRun: true);
        Assert.ThrowsAny<Exception>(() => plugin.Import(new ReadOnlySequence<byte>("garbage"u8.ToArray())));
    }

    [Fact]
    public void A_call_goes_on_at_every_step()
    {
        var bench = new VertoBench();
        var client = bench.LogIn(sessionId: "s1");
        bench.Swap();
        var leg = client.Call("a").Leg;
        bench.Swap();
        bench.Host.Command(new LegCommand.EarlyMedia(leg, VertoBench.Ours));
        client.TakeRequest("verto.media");
        bench.Swap();
        bench.Host.Command(new LegCommand.Answer(leg, VertoBench.Ours));
        Assert.False(client.TakeRequest("verto.answer").TryGetProperty("sdp", out _));
        bench.Host.ClearEvents();
        client.Ask("verto.modify", """{"action":"hold","dialogParams":{"callID":"a"}}""");
        bench.Swap();
        Assert.Equal("active", client.Ask("verto.modify", """{"action":"toggleHold","dialogParams":{"callID":"a"}}""").GetProperty("result").GetProperty("holdState").GetString());
        bench.Host.ClearEvents();
        client.Post("verto.modify", """{"action":"transfer","destination":"1","dialogParams":{"callID":"a"}}""");
        bench.Swap();
        bench.Host.Command(new LegCommand.TransferProgress(leg, 200, true));
        Assert.Equal("CALL TRANSFERRED", client.Take().GetProperty("result").GetProperty("message").GetString());
        client.Drop();
        bench.Swap();
        bench.Host.ClearEvents();
        var next = bench.Connect();
        next.LogIn(sessionId: "s1");
        bench.Swap();
        bench.Host.Command(new LegCommand.AcceptReoffer(leg, VertoBench.Ours));
        next.TakeRequest("verto.attach");
        next.TakeRequest("verto.clientReady");
        bench.Swap();
        next.Ask("verto.attach", $$"""{"sdp":{{JsonSerializer.Serialize(VertoBench.Offer)}},"dialogParams":{"callID":"a"} }""");
        bench.Swap();
        Assert.Equal("CALL ENDED", next.Ask("verto.bye", """{"dialogParams":{"callID":"a"}}""").GetProperty("result").GetProperty("message").GetString());
    }

    [Fact]
    public void Ids_serials_and_subscriptions_go_on()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Ask("verto.subscribe", """{"eventChannel":["demo","presence"]}""");
        var subscriptions = bench.Host.Subscriptions;
        var last = 0L;
        for (var i = 0; i < 4; i++)
        {
            client.Ask("verto.broadcast", """{"eventChannel":"demo","localBroadcast":true,"data":{}}""");
            var request = client.Take();
            Assert.Equal(i, request.GetProperty("params").GetProperty("eventSerno").GetInt32());
            Assert.True(request.GetProperty("id").GetInt64() > last);
            last = request.GetProperty("id").GetInt64();
            bench.Swap();
            Assert.Equal(subscriptions, bench.Host.Subscriptions);
        }
    }

    [Fact]
    public void Responses_to_come_and_their_order_survive()
    {
        var bench = new VertoBench();
        var client = bench.LogIn("admin", "boss");
        client.Post("fsapi", """{"cmd":"status"}""");
        client.Post("verto.info", """{"msg":{"to":"1001@example.com","body":"x"}}""");
        client.Post("verto.ping");
        bench.Swap();
        bench.Host.CompleteSubmit(200, "OK");
        client.AssertNothing();
        bench.Swap();
        bench.Host.CompleteApiCall("UP");
        Assert.Equal([1, 2, 3], new[] { client.Take(), client.Take(), client.Take() }.Select(m => m.GetProperty("id").GetInt32() - 1));
    }

    [Fact]
    public void Timers_survive()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        var other = bench.LogIn("1001", "secret1");
        var leg = other.Answered("a");
        other.Drop();
        bench.Host.Advance(TimeSpan.FromSeconds(15));
        bench.Swap();
        bench.Host.Advance(TimeSpan.FromSeconds(15.1));
        Assert.Equal("verto.ping", client.Take().GetProperty("method").GetString());
        bench.Host.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal(leg, bench.Host.TakeEvent<LegEvent.HungUp>().Leg);
        Assert.True(client.IsOpen);
    }

    [Fact]
    public void A_stopped_instance_ends_its_calls_and_a_replaced_one_says_nothing()
    {
        var bench = new VertoBench();
        var client = bench.LogIn();
        client.Answered("a");
        bench.Swap();
        client.AssertNothing();
        bench.Host.Plugin.Stop(replaced: false);
        Assert.Equal("SYSTEM_SHUTDOWN", client.TakeRequestRaw("verto.bye").GetProperty("cause").GetString());
    }

    private static IEnumerable<(string Name, VertoBench Bench)> Situations()
    {
        yield return ("idle", new VertoBench());
        yield return Make("connected", b => b.Connect());
        yield return Make("logged in", b => b.LogIn());
        yield return Make("with variables", b => b.Connect().Ask("login", """{"login":"1000@example.com","passwd":"secret","userVariables":{"a":"b"}}"""));
        yield return Make("root", b => b.Connect().Ask("login", """{"login":"root","passwd":"tree"}"""));
        yield return Make("guessed", b => b.Connect("198.51.100.7").LogIn(password: "x"));
        yield return Make("calling", b => b.LogIn().Call("a"));
        yield return Make("answered", b => b.LogIn().Answered("0f6bb5b0-7d1c-4f0e-8f0a-51c7a0f2a9e4"));
        yield return Make("called", b => b.LogIn().Ringing(("verto_h_a", "1"), ("verto_svar_b", "2")));
        yield return Make("detached", b =>
        {
            var client = b.LogIn();
            client.Answered("a");
            client.Drop();
        });
        yield return Make("attaching", b =>
        {
            var client = b.LogIn(sessionId: "s1");
            client.Answered("a");
            client.Drop();
            b.Connect().LogIn(sessionId: "s1");
        });
        yield return Make("subscribed", b => b.LogIn().Ask("verto.subscribe", """{"eventChannel":["demo","presence"]}"""));
        yield return Make("digits", b =>
        {
            var client = b.LogIn();
            client.Answered("a");
            client.Ask("verto.info", """{"dtmf":"1w2","dialogParams":{"callID":"a"}}""");
        });
        yield return Make("waiting", b =>
        {
            var client = b.LogIn("admin", "boss");
            client.Send("""[{"jsonrpc":"2.0","method":"fsapi","id":1,"params":{"cmd":"a","echoParams":true}},{"jsonrpc":"2.0","method":"verto.ping","id":2}]""");
            b.Host.Advance(TimeSpan.FromSeconds(3));
        });
        yield return Make("speed test", b => b.LogIn().Send("#SPU 5000"));

        static (string, VertoBench) Make(string name, Action<VertoBench> act)
        {
            var bench = new VertoBench("""{ "rootPassword": "tree" }""");
            act(bench);
            return (name, bench);
        }
    }

    private static byte[] Grow(byte[] state)
    {
        var reader = new MessagePackReader(state);
        var count = reader.ReadArrayHeader();
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(buffer);
        writer.WriteArrayHeader(count + 1);
        writer.WriteRaw(state.AsSpan((int)reader.Consumed));
        writer.WriteString("from the future"u8);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
