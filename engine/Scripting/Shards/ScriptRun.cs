using System.Text;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Api;
using XSwitchEngine.Scripting.Library;

namespace XSwitchEngine.Scripting.Shards;

/// <summary>One run of a script: a coroutine and what belongs to it. Shard thread only, except <see cref="Shard"/>.</summary>
internal sealed class ScriptRun(ScriptStart start, ScriptShard shard)
{
    /// <summary>Most bytes of output kept for the reply of an API command.</summary>
    public const int MostOutput = 4 << 20;

    private int _sequence;

    /// <summary>What was to run.</summary>
    public ScriptStart Start { get; } = start;

    /// <summary>Where it runs.</summary>
    public ScriptShard Shard { get; } = shard;

    /// <summary>The version of the script; null for inline code.</summary>
    public ScriptVersion? Version { get; set; }

    /// <summary>Its coroutine.</summary>
    public nint Thread { get; set; }

    /// <summary>Registry reference of the coroutine.</summary>
    public int ThreadReference { get; set; }

    /// <summary>Registry reference of its <c>_ENV</c>; 0 until it has one.</summary>
    public int EnvironmentReference { get; set; }

    /// <summary>Registry reference of its own <c>string</c> table, if it added to it; 0 for the shared one.</summary>
    public int StringsReference { get; set; }

    /// <summary>Values on the coroutine's stack for the first resume.</summary>
    public int FirstArguments { get; set; }

    /// <summary>Whether it is in the queue of those that can go on.</summary>
    public bool IsReady { get; set; }

    /// <summary>Whether it is over.</summary>
    public bool IsEnded { get; set; }

    /// <summary>Set when it asks for something that is not there yet, so that the yield that follows is a wait and no pre-emption.</summary>
    public bool IsWaiting { get; set; }

    /// <summary>Whether an input callback is running; it is not entered again.</summary>
    public bool InCallback { get; set; }

    /// <summary>What a hangup hook that returned <c>exit</c> or <c>die</c> said; the script ends with it.</summary>
    public string? Abort { get; set; }

    /// <summary>CPU time since the last wait, in ticks of the stopwatch.</summary>
    public long Cpu { get; set; }

    /// <summary>Memory it kept, roughly: what grew and shrank in its slices.</summary>
    public long Bytes { get; set; }

    /// <summary>Of which account <see cref="Bytes"/> is.</summary>
    public int MemoryEpoch { get; set; }

    /// <summary>When it last began to wait, a timestamp of the clock; 0 when it goes on.</summary>
    public long ParkedAt { get; set; }

    /// <summary>Whether it was told that its session is gone (once is enough in the log).</summary>
    public bool IsGoneLogged { get; set; }

    /// <summary>When its operations have to be over, once its call has ended.</summary>
    public LinkedListNode<RunDeadline>? OperationDeadline { get; set; }

    /// <summary>When it has to be over, once its call has ended.</summary>
    public LinkedListNode<RunDeadline>? Lifetime { get; set; }

    /// <summary>Its session objects; the global one first.</summary>
    public List<SessionObject> Sessions { get; } = [];

    /// <summary>What it waits for; the innermost last.</summary>
    public List<PendingOperation> Operations { get; } = [];

    /// <summary>What it wrote to <c>stream</c>, or null.</summary>
    public StringBuilder? Output { get; set; }

    /// <summary>What a chat script decided, or null.</summary>
    public List<KeyValuePair<string, string>>? Reply { get; set; }

    /// <summary>The session that was given to it, or null.</summary>
    public SessionObject? Main => Sessions.Count > 0 && Sessions[0].IsMain ? Sessions[0] : null;

    /// <summary>The script's name for logs.</summary>
    public string Name => Version?.Source.Name ?? "~inline";

    /// <summary>Makes a session object without a leg.</summary>
    public SessionObject AddSession()
    {
        var session = new SessionObject(Sessions.Count);
        Sessions.Add(session);
        return session;
    }

    /// <summary>The next operation's number.</summary>
    public int NextSequence() => ++_sequence;

    /// <summary>Finds an operation.</summary>
    public PendingOperation? Find(int sequence)
    {
        for (var i = Operations.Count - 1; i >= 0; i--)
        {
            if (Operations[i].Sequence == sequence)
            {
                return Operations[i];
            }
        }

        return null;
    }
}
