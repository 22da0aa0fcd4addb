namespace XSwitchEngine.Media.Sessions;

/// <summary>Deadlines of legs to a tenth of a second: reports, time-outs.</summary>
internal sealed class CoarseTimers
{
    private const int Buckets = 128;
    private const long BucketUs = 100_000;

    private readonly MediaLeg?[] _first = new MediaLeg?[Buckets];
    private int _count;
    private long _turn;

    /// <summary>When <see cref="Run"/> is due; <see cref="long.MaxValue"/> while nothing waits.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <summary>Sets a leg's deadline, replacing its former one.</summary>
    public void Set(MediaLeg leg, long dueUs, long nowUs)
    {
        if (leg.Timer.Bucket >= 0 && leg.Timer.DueUs == dueUs)
        {
            return;
        }

        Cancel(leg);
        if (dueUs == long.MaxValue)
        {
            return;
        }

        if (_count == 0)
        {
            _turn = nowUs / BucketUs;
        }

        // Later than a whole round: it is looked at once a round until its time comes.
        var turn = Math.Clamp((dueUs + BucketUs - 1) / BucketUs, _turn + 1, _turn + Buckets - 1);
        var bucket = (int)(turn % Buckets);
        var next = _first[bucket];
        leg.Timer = new TimerLink { DueUs = dueUs, Bucket = bucket, Next = next };
        if (next is not null)
        {
            next.Timer.Previous = leg;
        }

        _first[bucket] = leg;
        _count++;
        DueUs = Math.Min(DueUs, turn * BucketUs);
    }

    public void Cancel(MediaLeg leg)
    {
        var link = leg.Timer;
        if (link.Bucket < 0)
        {
            return;
        }

        if (link.Previous is { } previous)
        {
            previous.Timer.Next = link.Next;
        }
        else
        {
            _first[link.Bucket] = link.Next;
        }

        if (link.Next is { } next)
        {
            next.Timer.Previous = link.Previous;
        }

        leg.Timer = TimerLink.None;
        _count--;
    }

    /// <summary>Calls all legs whose time has come.</summary>
    public void Run(long nowUs)
    {
        var until = nowUs / BucketUs;
        _turn = Math.Max(_turn, until - Buckets);
        while (_turn < until)
        {
            // What is set meanwhile goes to a later turn, so the bucket runs empty.
            var bucket = ++_turn % Buckets;
            while (_first[bucket] is { } leg)
            {
                var due = leg.Timer.DueUs;
                Cancel(leg);
                if (due <= nowUs)
                {
                    leg.OnTimer(nowUs);
                }
                else
                {
                    Set(leg, due, nowUs);
                }
            }
        }

        DueUs = long.MaxValue;
        for (var ahead = 1; ahead <= Buckets && _count > 0; ahead++)
        {
            if (_first[(_turn + ahead) % Buckets] is not null)
            {
                DueUs = (_turn + ahead) * BucketUs;
                return;
            }
        }
    }
}

/// <summary>A leg's place among the deadlines: the lists run through the legs themselves, so that no timer allocates.</summary>
internal struct TimerLink
{
    public static readonly TimerLink None = new() { DueUs = long.MaxValue, Bucket = -1 };

    public long DueUs;
    public int Bucket;
    public MediaLeg? Next;
    public MediaLeg? Previous;
}
