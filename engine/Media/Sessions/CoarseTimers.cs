namespace XSwitchEngine.Media.Sessions;

/// <summary>Deadlines of legs to a tenth of a second: reports, time-outs.</summary>
internal sealed class CoarseTimers
{
    private const int Buckets = 128;
    private const long BucketUs = 100_000;

    private readonly List<MediaLeg>[] _buckets = new List<MediaLeg>[Buckets];
    private int _count;
    private long _turn;

    public CoarseTimers()
    {
        for (var i = 0; i < Buckets; i++)
        {
            _buckets[i] = [];
        }
    }

    /// <summary>When <see cref="Run"/> is due; <see cref="long.MaxValue"/> while nothing waits.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <summary>Sets a leg's deadline, replacing its former one.</summary>
    public void Set(MediaLeg leg, long dueUs, long nowUs)
    {
        if (leg.TimerBucket >= 0 && leg.TimerUs == dueUs)
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
        var bucket = _buckets[turn % Buckets];
        leg.TimerUs = dueUs;
        leg.TimerBucket = (int)(turn % Buckets);
        leg.TimerIndex = bucket.Count;
        bucket.Add(leg);
        _count++;
        DueUs = Math.Min(DueUs, turn * BucketUs);
    }

    public void Cancel(MediaLeg leg)
    {
        if (leg.TimerBucket < 0)
        {
            return;
        }

        var bucket = _buckets[leg.TimerBucket];
        var last = bucket[^1];
        bucket[leg.TimerIndex] = last;
        last.TimerIndex = leg.TimerIndex;
        bucket.RemoveAt(bucket.Count - 1);
        leg.TimerBucket = -1;
        leg.TimerUs = long.MaxValue;
        _count--;
    }

    /// <summary>Calls all legs whose time has come.</summary>
    public void Run(long nowUs)
    {
        var until = nowUs / BucketUs;
        _turn = Math.Max(_turn, until - Buckets);
        while (_turn < until)
        {
            var bucket = _buckets[++_turn % Buckets];
            for (var i = bucket.Count - 1; i >= 0; i--)
            {
                if (i >= bucket.Count)
                {
                    continue;
                }

                var leg = bucket[i];
                var due = leg.TimerUs;
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
            if (_buckets[(_turn + ahead) % Buckets].Count > 0)
            {
                DueUs = (_turn + ahead) * BucketUs;
                return;
            }
        }
    }
}
