namespace XSwitchEngine.Scripting.Shards;

/// <summary>A run whose call has ended, and when to look at it.</summary>
/// <param name="Run">The run.</param>
/// <param name="At">When.</param>
internal sealed record RunDeadline(ScriptRun Run, DateTimeOffset At);

/// <summary>Deadlines of one length, hence in order, and their timer. Shard thread only, except the timer's callback.</summary>
internal sealed class RunDeadlines : IDisposable
{
    private readonly LinkedList<RunDeadline> _list = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _length;
    private readonly ITimer _timer;

    /// <summary>Makes an empty list.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="length">From adding to the deadline.</param>
    /// <param name="onDue">Called on any thread when there is something to take.</param>
    public RunDeadlines(TimeProvider time, TimeSpan length, Action onDue)
    {
        _time = time;
        _length = length;
        _timer = time.CreateTimer(static s => ((Action)s!)(), onDue, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Adds a run.</summary>
    /// <returns>For <see cref="Remove"/>.</returns>
    public LinkedListNode<RunDeadline> Add(ScriptRun run)
    {
        var node = _list.AddLast(new RunDeadline(run, _time.GetUtcNow() + _length));
        if (_list.Count == 1)
        {
            _timer.Change(_length, Timeout.InfiniteTimeSpan);
        }

        return node;
    }

    /// <summary>Takes a run out.</summary>
    /// <param name="node">One that was taken already is left alone.</param>
    public void Remove(LinkedListNode<RunDeadline>? node)
    {
        if (node?.List == _list)
        {
            _list.Remove(node!);
        }
    }

    /// <summary>Takes one whose time has come; if there is none the timer is set for the next.</summary>
    public bool TryTake(out ScriptRun run)
    {
        run = null!;
        if (_list.First is not { } first)
        {
            return false;
        }

        var due = first.Value.At - _time.GetUtcNow();
        if (due > TimeSpan.Zero)
        {
            _timer.Change(due, Timeout.InfiniteTimeSpan);
            return false;
        }

        _list.RemoveFirst();
        run = first.Value.Run;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();
}
