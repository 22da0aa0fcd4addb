namespace XSwitchEngine.Scripting;

/// <summary>Configuration of the script host.</summary>
public sealed record ScriptEngineOptions
{
    /// <summary>Directory that script names are relative to; scripts and modules are read only below it.</summary>
    public string ScriptDirectory { get; init; } = "scripts";

    /// <summary>Lua states, each with a thread; 0 for one per core.</summary>
    public int Shards { get; init; }

    /// <summary>Most scripts running at once on a shard; more end at once with an error.</summary>
    public int MaxRunsPerShard { get; init; } = 10_000;

    /// <summary>VM instructions between two looks at the clock.</summary>
    /// <remarks>The cost of a count hook is that it exists, not how often it fires; a low number bounds how many slow library calls fit between two looks.</remarks>
    public int HookCount { get; init; } = 1_000;

    /// <summary>How long a script runs before others of its shard get their turn.</summary>
    public TimeSpan Slice { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>CPU time that a script may use without waiting for anything; then it is killed.</summary>
    public TimeSpan CpuBudget { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Memory of one Lua state.</summary>
    public long StateBytes { get; init; } = 256L << 20;

    /// <summary>Memory that one script may keep; then it is killed.</summary>
    public long RunBytes { get; init; } = 64L << 20;

    /// <summary>Memory that a script may allocate in one slice, freed or not; more is refused with "not enough memory".</summary>
    public long SliceBytes { get; init; } = 16L << 20;

    /// <summary>How long a script may go on (call records, database work) after its call has ended.</summary>
    public TimeSpan LifetimeAfterHangup { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether saved files are noticed at once; without it they are noticed when a script is next started.</summary>
    public bool WatchFiles { get; init; } = true;

    /// <summary>Directories that <c>io.open</c> may read, besides <see cref="ScriptDirectory"/> and <see cref="WritableDirectories"/>.</summary>
    public IReadOnlyList<string> ReadableDirectories { get; init; } = [];

    /// <summary>Directories that <c>io.open</c>, <c>os.remove</c> and <c>os.rename</c> may write, such as the recordings.</summary>
    public IReadOnlyList<string> WritableDirectories { get; init; } = [];

    /// <summary>Directory of <c>os.tmpname</c> and <c>io.tmpfile</c>, writable; null for none.</summary>
    public string? TemporaryDirectory { get; init; }

    /// <summary>Whether <c>os.execute</c> and <c>io.popen</c> run commands (by the API command <c>system</c>).</summary>
    public bool AllowSystem { get; init; }

    /// <summary>Environment variables that <c>os.getenv</c> shows; all others are nil.</summary>
    public IReadOnlyList<string> VisibleEnvironment { get; init; } = ["TZ", "LANG"];
}
