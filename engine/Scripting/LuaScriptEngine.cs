using System.Collections.Concurrent;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Api;
using XSwitchEngine.Scripting.Library;
using XSwitchEngine.Scripting.Shards;

namespace XSwitchEngine.Scripting;

/// <summary>Runs Lua scripts on shards: each a Lua state with a thread, each run a coroutine of it.</summary>
/// <remarks>All runs of one leg share a shard. A script that uses up its time or memory ends alone.</remarks>
public sealed class LuaScriptEngine : IScriptEngine
{
    private readonly ConcurrentDictionary<ScriptRunId, ScriptRun> _runs = new();
    private readonly ScriptCounters _counters = new();
    private readonly ScriptLibrary _library;
    private readonly ScriptShard[] _shards;
    private readonly ScriptWatcher? _watcher;
    private volatile bool _disposed;

    /// <summary>Makes the states and starts their threads.</summary>
    /// <param name="options">Limits and directories.</param>
    /// <param name="port">What the core gives scripts.</param>
    /// <param name="time">The clock of lifetimes; CPU time is measured by itself.</param>
    /// <exception cref="DllNotFoundException">The native Lua library is missing.</exception>
    public LuaScriptEngine(ScriptEngineOptions options, IScriptPort port, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(port);
        ArgumentNullException.ThrowIfNull(time);
        var paths = new ScriptPaths(options);
        _library = new ScriptLibrary(paths, time, (script, error) => port.Log(LogLevel.Error, default, script, error), (script, what) => port.Log(LogLevel.Info, default, script, $"{script}: {what}"));
        var count = options.Shards > 0 ? options.Shards : Environment.ProcessorCount;
        _shards = new ScriptShard[count];
        for (var i = 0; i < count; i++)
        {
            _shards[i] = new ScriptShard(i, options, port, time, _library, _counters, run => _runs.TryRemove(run.Start.Run, out _));
        }

        foreach (var shard in _shards)
        {
            shard.Open();
        }

        if (options.WatchFiles)
        {
            _watcher = new ScriptWatcher(paths.Scripts, time, () => _library.Refresh(), message => port.Log(LogLevel.Warning, default, "", message));
        }
    }

    /// <inheritdoc/>
    public ScriptStatistics Statistics => new(
        _counters.Running,
        _counters.Started,
        _counters.Errors,
        _counters.Killed,
        _counters.Preemptions,
        _shards.Sum(static s => s.Bytes));

    /// <inheritdoc/>
    public void Start(ScriptStart start)
    {
        ArgumentNullException.ThrowIfNull(start);
        ObjectDisposedException.ThrowIf(_disposed, this);
        var hash = start.Leg != default ? start.Leg.GetHashCode() : start.Run.GetHashCode();
        var run = new ScriptRun(start, _shards[(int)((uint)hash % (uint)_shards.Length)]);
        if (!_runs.TryAdd(start.Run, run))
        {
            throw new ArgumentException($"run {start.Run.Value} exists", nameof(start));
        }

        _counters.Began();
        run.Shard.Post(new ShardMessage(ShardMessageKind.Start, run));
    }

    /// <inheritdoc/>
    public void Complete(OpToken token, OpResult result)
    {
        if (_runs.TryGetValue(token.Run, out var run))
        {
            run.Shard.Post(new ShardMessage(ShardMessageKind.Complete, run, token.Sequence, result));
        }
    }

    /// <inheritdoc/>
    public void Input(OpToken token, ScriptInput input)
    {
        if (_runs.TryGetValue(token.Run, out var run))
        {
            run.Shard.Post(new ShardMessage(ShardMessageKind.Input, run, token.Sequence, Input: input));
        }
    }

    /// <inheritdoc/>
    /// <remarks>Operations of the run on that leg are expected to be completed soon; after 5 s the script goes on without their results.</remarks>
    public void LegGone(ScriptRunId run, string reason)
    {
        if (_runs.TryGetValue(run, out var known))
        {
            known.Shard.Post(new ShardMessage(ShardMessageKind.Gone, known, Reason: reason));
        }
    }

    /// <inheritdoc/>
    public void Kill(ScriptRunId run, string reason)
    {
        if (_runs.TryGetValue(run, out var known))
        {
            known.Shard.Post(new ShardMessage(ShardMessageKind.Kill, known, Reason: reason));
        }
    }

    /// <inheritdoc/>
    public string? Check(string path) => _library.Check(path);

    /// <inheritdoc/>
    public bool Exists(string name) => _library.Exists(name);

    /// <inheritdoc/>
    public IReadOnlyList<string> Reload() => _library.Refresh();

    /// <summary>Like <see cref="Complete"/>, by message even from the shard's own thread.</summary>
    internal void CompleteLater(OpToken token, OpResult result)
    {
        if (_runs.TryGetValue(token.Run, out var run))
        {
            run.Shard.Queue(new ShardMessage(ShardMessageKind.Complete, run, token.Sequence, result));
        }
    }

    /// <summary>Does something on a shard's thread and gives its result.</summary>
    internal Task<T> OnShardAsync<T>(int number, Func<ScriptShard, T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _shards[number].Post(new ShardMessage(ShardMessageKind.Work, null, Work: shard => done.SetResult(work(shard))));
        return done.Task;
    }

    /// <summary>Stops the threads; runs under way are dropped without a report.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _watcher?.Dispose();
        foreach (var shard in _shards)
        {
            shard.Dispose();
        }

        _library.Dispose();
    }
}
