using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core;
using XSwitchEngine.Core.Directory;
using XSwitchEngine.Core.Plugins;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Media;

namespace XSwitchEngine.Host.Tests;

/// <summary>An engine that answers what a test says.</summary>
internal static class FakeEngine
{
    public static EngineStatistics Statistics { get; } = new(
        Sessions: 3, Calls: 1, PeakSessions: 9, TotalSessions: 512, SessionsPerSecond: 2, RefusedSessions: 4, Faults: 0, LoopLength: 5,
        HangupCauses: new Dictionary<string, long>(), StartTime: DateTimeOffset.UnixEpoch, IsDraining: false);

    public static PluginStatus Sip { get; } = new(
        "sip", "1.2.0", "running", Generation: 2, Events: 100, Faults: 1, LeakedContexts: 0,
        [new ListenerInfo(new ListenerId(1), "internal-udp", "internal", TransportKind.Udp, IPEndPoint.Parse("0.0.0.0:5060"))],
        new Dictionary<string, long> { ["responses_total"] = 7, ["dialogs"] = 2 });

    public static IEngine Create(
        Func<string, Task<string>>? api = null,
        ISwitchDirectory? directory = null,
        Func<string, string?, SwapResult>? swap = null,
        Func<bool>? ready = null,
        Func<CancellationToken, Task>? drain = null) =>
        Fake.Of<IEngine>(
            ("ApiAsync", a => (api ?? (line => Task.FromResult($"engine: {line}\n")))((string)a[0]!)),
            ("IsReady", _ => (ready ?? (() => true))()),
            ("Statistics", _ => Statistics),
            ("Directory", _ => directory ?? Fake.Of<ISwitchDirectory>(("AllRegistrations", _ => Array.Empty<Registration>()))),
            ("Scripts", _ => Fake.Of<IScriptEngine>(("Statistics", _ => new ScriptStatistics(1, 20, 2, 1, 3, 4096)), ("Reload", _ => new[] { "scripts/dialplan.lua: version 2" }))),
            ("Media", _ => Fake.Of<IMediaEngine>(("PlaneStatistics", _ => new MediaPlaneStatistics(2, 4, 1000, 990, 10, "epoll")))),
            ("DrainAsync", a => (drain ?? (_ => Task.CompletedTask))((CancellationToken)a[0]!)),
            ("Plugins", _ => Fake.Of<IPluginRegistry>(
                ("Status", _ => new[] { Sip }),
                ("SwapAsync", a => Task.FromResult((swap ?? throw new InvalidOperationException("no swap expected"))((string)a[0]!, (string?)a[1]))))));
}
