using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace XSwitchEngine.Integration.Tests;

/// <summary>Debian's sipp as a caller or called party.</summary>
internal sealed class Sipp : ChildProcess
{
    private Sipp(IEnumerable<string> arguments, string directory)
        : base("sipp", arguments, directory)
    {
        Scratch = directory;
    }

    private string Scratch { get; }

    /// <summary>Starts a scenario.</summary>
    /// <param name="engine">Where to.</param>
    /// <param name="scenario">Name of a file in the folder sipp.</param>
    /// <param name="user">Whose credentials.</param>
    /// <param name="called">The number called.</param>
    /// <param name="extra">More arguments, such as <c>-m 10 -r 5</c>.</param>
    public static Sipp Start(EngineProcess engine, string scenario, string user, string called, params string[] extra)
    {
        var scratch = Directory.CreateTempSubdirectory("sipp-").FullName;
        return new Sipp(
        [
            "-sf", Repo.Scenario(scenario), "-i", "127.0.0.1", "-p", FreePort().ToString(CultureInfo.InvariantCulture), "-s", called, "-nostdin",
            "-au", user, "-ap", engine.Passwords[user], "-key", "user", user, "-trace_err", "-timeout", "60s", "-timeout_error",
            .. extra.Contains("-m") ? Array.Empty<string>() : ["-m", "1"],
            .. extra,
            $"127.0.0.1:{engine.SipPort}",
        ], scratch);
    }

    /// <summary>Waits for the end; every call must have succeeded.</summary>
    public async Task SucceedsAsync()
    {
        await Process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var errors = string.Concat(Directory.EnumerateFiles(Scratch, "*_errors.log").Select(File.ReadAllText));
        Assert.True(Process.ExitCode == 0, $"sipp ended with {Process.ExitCode}\n{errors}\n{Output}");
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(Scratch, recursive: true);
    }

    /// <summary>A UDP port of 127.0.0.1 that nobody uses now.</summary>
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
