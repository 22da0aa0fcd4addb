using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Tests.Calls;

/// <summary>A whole engine without threads, sockets or clock: the test moves time and loop by hand.</summary>
internal sealed class CallBench
{
    public const string Offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";
    public const string OfferWithoutEvents = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    public const string Held = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n";
    public const string Resumed = "v=0\r\no=- 1 3 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

    public CallBench(Action<EngineOptions>? configure = null)
    {
        var options = new EngineOptions { Domain = "test.local", Codecs = ["PCMU", "PCMA"], SoundDirectory = "/sounds", DataDirectory = "/data", ScriptDirectory = "/scripts" };
        configure?.Invoke(options);
        Engine = new Engine(new EngineParts
        {
            Options = options,
            Time = Time,
            Logging = NullLoggerFactory.Instance,
            Directory = Directory,
            Cdr = Cdr,
            Events = Events,
            Media = sink => Media = new FakeMedia(sink),
            Scripts = port => Scripts = new FakeScripts(port),
            Plugins = calls =>
            {
                Calls = calls;
                return Plugins;
            },
        });
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public Engine Engine { get; }

    public FakeMedia Media { get; private set; } = null!;

    public FakePlugins Plugins { get; } = new();

    public FakeScripts Scripts { get; private set; } = null!;

    public FakeDirectory Directory { get; } = new();

    public FakeCdr Cdr { get; } = new();

    public FakeEvents Events { get; } = new();

    public ICallCore Calls { get; private set; } = null!;

    public CallTable Table => Engine.Core.Table;

    /// <summary>Runs the loop until nothing is left to do now.</summary>
    public void Settle()
    {
        while (Engine.Loop.RunPending())
        {
            // again
        }
    }

    public void Advance(double seconds)
    {
        // In small steps: what a timer starts may set timers of its own.
        for (var left = seconds; left > 0; left -= 0.1)
        {
            Time.Advance(TimeSpan.FromSeconds(Math.Min(left, 0.1)));
            Settle();
        }
    }

    public void Post(LegEvent e)
    {
        Calls.Post(e);
        Settle();
    }

    /// <summary>A call comes in and its dial-plan script starts.</summary>
    public (Leg Leg, ScriptStart Script) Incoming(string destination = "5000", string? offer = Offer, string user = "1000")
    {
        var id = Calls.NewLeg();
        var caller = new IncomingCaller("sofia", "internal", $"sofia/internal/{user}@test.local", Directory.ByNumber[user], "", "9999", destination, new IPEndPoint(IPAddress.Loopback, 5062));
        Post(new LegEvent.Incoming(id, caller, offer, [new("sip_call_id", "abc")]));
        return (Table.Find(id)!, Scripts.Started[^1]);
    }

    public OpToken Run(ScriptStart script, ScriptOp op, params string?[] args)
    {
        var token = Scripts.Begin(script, op, args);
        Settle();
        return token;
    }

    public void End(ScriptStart script, bool succeeded = true)
    {
        Scripts.Port.Ended(script.Run, new ScriptEnd(succeeded, succeeded ? null : "x.lua:1: boom", "", []));
        Settle();
    }

    public IReadOnlyList<T> Commands<T>()
        where T : LegCommand => [.. Plugins.Commands.OfType<T>()];

    /// <summary>Two legs in a bridge: the caller 1000 and the callee 1001.</summary>
    public (Leg A, Leg B, OpToken Bridge, ScriptStart Script) Bridged(string bOffer = Offer, params (string, string)[] variables)
    {
        Directory.AddBinding("1001", 5070);
        var (a, script) = Incoming("1001");
        foreach (var (name, value) in variables)
        {
            a.Variables.Set(name, value);
        }

        var bridge = Run(script, ScriptOp.Execute, "bridge", "user/1001");
        var b = Table.Find(Commands<LegCommand.Originate>()[^1].Leg)!;
        Post(new LegEvent.Ringing(b.Id));
        Post(new LegEvent.Answered(b.Id, bOffer, []));
        return (a, b, bridge, script);
    }

    public string Api(string command)
    {
        var task = Engine.ApiAsync(command, CancellationToken.None);
        Settle();
        Assert.True(task.Wait(TimeSpan.FromSeconds(20)), command + " does not answer");      // it is handed back over the pool
        return task.GetAwaiter().GetResult();
    }
}
