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

    /// <summary>The port that it is bound to, when it was started by <see cref="Run"/>.</summary>
    public int Port { get; private init; }

    /// <summary>Runs one call of a scenario of tests/load/sipp/scenarios.</summary>
    /// <param name="engine">Where to.</param>
    /// <param name="scenario">Its name.</param>
    /// <param name="password">The password of 1001.</param>
    /// <param name="called">The number called.</param>
    /// <param name="extra">More arguments.</param>
    public static Sipp Run(EngineProcess engine, string scenario, string password = "", string called = "", params string[] extra) => RunAt(engine.SipPort, scenario, password, called, extra);

    /// <summary>Runs one call of a scenario toward any port of this machine.</summary>
    public static Sipp RunAt(int engine, string scenario, string password, string called, params string[] extra)
    {
        var scratch = Directory.CreateTempSubdirectory("sipp-").FullName;
        var port = FreePort();
        return new Sipp(
        [
            "-sf", Path.Combine(Repo.Scenarios, scenario + ".xml"), "-i", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-nostdin", "-m", "1",
            "-au", "1001", "-ap", password, "-key", "user", "1001", "-trace_err", "-timeout", "120s", "-timeout_error",
            .. called.Length > 0 ? (string[])["-s", called] : [],
            .. extra,
            $"127.0.0.1:{engine}",
        ], scratch)
        {
            Port = port,
        };
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

    private const int FirstPort = 10_000;
    private const int LastPort = 15_998;
    private static readonly HashSet<int> Given = [];

    /// <summary>A port of 127.0.0.1 that nobody uses now, and the one above it, for UDP and TCP; each is given once in this process.</summary>
    /// <remarks>Below the ports that the system hands out and those of the engine's media, so that nobody takes it before its owner is up. baresip takes the next one for TLS.</remarks>
    public static int FreePort()
    {
        lock (Given)
        {
            while (true)
            {
                var port = Random.Shared.Next(FirstPort / 2, LastPort / 2) * 2;
                if (IsFree(port) && IsFree(port + 1) && Given.Add(port))
                {
                    return port;
                }
            }
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            foreach (var (type, protocol) in ((SocketType, ProtocolType)[])[(SocketType.Dgram, ProtocolType.Udp), (SocketType.Stream, ProtocolType.Tcp)])
            {
                using var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
