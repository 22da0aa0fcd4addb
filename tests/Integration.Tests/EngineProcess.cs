using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using XSwitchEngine.Host.Control;

namespace XSwitchEngine.Integration.Tests;

/// <summary>The real engine as a process of its own, with its own data directory and ports that the system chose.</summary>
internal sealed partial class EngineProcess : ChildProcess
{
    private readonly bool _ownsData;

    private EngineProcess(string data, string scripts, bool ownsData, IEnumerable<string> extra)
        : base("dotnet",
        [
            Repo.EngineDll, "run", "--data", data,
            "--Sip:Profiles:internal:Address=127.0.0.1", "--Sip:Profiles:internal:Port=0",
            "--Sip:Profiles:external:Address=127.0.0.1", "--Sip:Profiles:external:Port=0",
            "--Http:Address=127.0.0.1", "--Http:Port=0", "--Engine:WebRtcPort=0",
            "--Engine:ScriptDirectory=" + scripts, "--Engine:SoundDirectory=" + Path.Combine(Repo.Root, "scripts", "sounds"),
            .. extra,
        ],
        data)
    {
        Data = data;
        Scripts = scripts;
        _ownsData = ownsData;
    }

    public string Data { get; }

    public string Scripts { get; }

    /// <summary>Port of the profile <c>internal</c>, UDP and TCP.</summary>
    public int SipPort { get; private set; }

    /// <summary>Its TLS port.</summary>
    public int SipTlsPort { get; private set; }

    public Uri Http { get; private set; } = null!;

    public IReadOnlyDictionary<string, string> Passwords { get; private set; } = null!;

    /// <summary>Starts an engine with a copy of the shipped scripts, and waits until it is ready.</summary>
    public static async Task<EngineProcess> StartAsync(params string[] extra)
    {
        var data = Directory.CreateTempSubdirectory("xswitch-test-").FullName;
        var scripts = Path.Combine(data, "scripts");
        CopyScripts(Path.Combine(Repo.Root, "scripts"), scripts);
        return await StartAsync(data, scripts, ownsData: true, extra);
    }

    /// <summary>Starts an engine again on the data of another one.</summary>
    public static Task<EngineProcess> RestartAsync(EngineProcess former, params string[] extra) => StartAsync(former.Data, former.Scripts, ownsData: false, extra);

    /// <summary>Runs an API command over the control socket, as <c>xswitch -x</c> does.</summary>
    public Task<string> ApiAsync(string command) => ControlClient.ExecuteAsync(Data, command, TestContext.Current.CancellationToken);

    /// <summary>Runs a verb of the command line.</summary>
    public static async Task<(int Code, string Text)> RunAsync(params string[] arguments)
    {
        await using var process = new CommandProcess("dotnet", [Repo.EngineDll, .. arguments]);
        await process.Process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.Process.ExitCode, process.Output);
    }

    /// <summary>Legs that are up.</summary>
    public async Task<int> ChannelsAsync() =>
        int.Parse(Total().Match(await ApiAsync("show channels count")).Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    /// <summary>Waits until a condition on the engine holds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, int seconds = 30)
    {
        for (var i = 0; i < seconds * 4; i++)
        {
            if (await condition())
            {
                return;
            }

            await Task.Delay(250, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"not within {seconds} s: {what}");
    }

    /// <summary>All call records written so far.</summary>
    public IReadOnlyList<JsonElement> Records() =>
        [.. Directory.EnumerateFiles(Path.Combine(Data, "cdr"), "cdr-*.jsonl").Order().SelectMany(File.ReadLines).Where(l => l.Length > 0).Select(l => JsonDocument.Parse(l).RootElement)];

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_ownsData)
        {
            Directory.Delete(Data, recursive: true);
        }
    }

    private static async Task<EngineProcess> StartAsync(string data, string scripts, bool ownsData, string[] extra)
    {
        var engine = new EngineProcess(data, scripts, ownsData, extra);
        try
        {
            await engine.ReadyAsync();
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    private async Task ReadyAsync()
    {
        var ready = await WaitForLineAsync(l => l.StartsWith("Ready after", StringComparison.Ordinal));
        Http = new Uri(ready[ready.IndexOf("http", StringComparison.Ordinal)..].Replace("/readyz", "/", StringComparison.Ordinal));
        SipPort = await PortAsync(" internal-udp udp ");
        SipTlsPort = await PortAsync(" internal-tls tls ");
        var (_, json) = await RunAsync("users", "--json", "--data", Data);
        Passwords = JsonDocument.Parse(json).RootElement.EnumerateArray().ToDictionary(u => u.GetProperty("number").GetString()!, u => u.GetProperty("password").GetString()!);
    }

    /// <summary>Port of a listener, as the engine said at its start.</summary>
    public async Task<int> PortAsync(string listener)
    {
        var line = await WaitForLineAsync(l => l.Contains(listener, StringComparison.Ordinal));
        return int.Parse(line[(line.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
    }

    private static void CopyScripts(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*.lua", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    [GeneratedRegex(@"(\d+) total")]
    private static partial Regex Total();

    private sealed class CommandProcess(string program, string[] arguments) : ChildProcess(program, arguments, Path.GetTempPath());
}
