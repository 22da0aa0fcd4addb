using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Scripting.Tests.Kit;

/// <summary>A script engine on a directory of its own and a fake core.</summary>
public sealed class ScriptBench : IDisposable
{
    private long _run;

    public ScriptBench(Func<ScriptEngineOptions, ScriptEngineOptions>? configure = null, TimeProvider? time = null)
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("scripts-").FullName;
        var options = new ScriptEngineOptions { ScriptDirectory = Directory, Shards = 1, WatchFiles = false };
        Engine = new LuaScriptEngine(configure?.Invoke(options) ?? options, Port, time ?? TimeProvider.System);
        Port.Engine = Engine;
    }

    public FakePort Port { get; } = new();

    public LuaScriptEngine Engine { get; }

    public string Directory { get; }

    public string Save(string name, string text)
    {
        var path = Path.Combine(Directory, name);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public ScriptRunId Start(string name, LegId leg = default, ScriptKind kind = ScriptKind.Call, params string[] arguments)
    {
        var run = new ScriptRunId(Interlocked.Increment(ref _run));
        Engine.Start(new ScriptStart(run, name, arguments, leg, kind));
        return run;
    }

    /// <summary>Runs inline code on a leg that is up, to its end.</summary>
    public Task<ScriptEnd> RunAsync(string code, LegId? leg = null) => Port.EndAsync(Start("~" + code, leg ?? Port.AddLeg(), ScriptKind.Call));

    /// <summary>Runs inline code and gives what it wrote to <c>stream</c>; an error fails the test.</summary>
    public async Task<string> WriteAsync(string code)
    {
        var end = await Port.EndAsync(Start("~" + code, default, ScriptKind.Api));
        Assert.True(end.Succeeded, end.Error);
        return end.Output;
    }

    /// <summary>Returns when the (only) shard has done everything that was posted before.</summary>
    public Task SettleAsync() => WriteAsync("");

    /// <summary>Collects garbage; gives the memory in use and the values held by the host.</summary>
    public Task<(long Bytes, int References)> CollectAsync() => Engine.OnShardAsync(0, static s => (s.Collect(), s.References));

    public void Dispose()
    {
        Engine.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
