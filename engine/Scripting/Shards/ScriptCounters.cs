namespace XSwitchEngine.Scripting.Shards;

/// <summary>Counters of the script host. Any thread.</summary>
internal sealed class ScriptCounters
{
    private long _started;
    private long _ended;
    private long _errors;
    private long _killed;
    private long _preemptions;

    public long Started => Interlocked.Read(ref _started);

    public long Running => Started - Interlocked.Read(ref _ended);

    public long Errors => Interlocked.Read(ref _errors);

    public long Killed => Interlocked.Read(ref _killed);

    public long Preemptions => Interlocked.Read(ref _preemptions);

    public void Began() => Interlocked.Increment(ref _started);

    public void Preempted() => Interlocked.Increment(ref _preemptions);

    public void Ended(bool succeeded, bool killed)
    {
        Interlocked.Increment(ref _ended);
        if (!succeeded)
        {
            Interlocked.Increment(ref _errors);
        }

        if (killed)
        {
            Interlocked.Increment(ref _killed);
        }
    }
}
