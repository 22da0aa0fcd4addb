namespace XSwitchEngine.Media.Rtp;

/// <summary>Holes in the numbers of a received stream, and when to ask for them again.</summary>
/// <remarks>Holds at most 256; a larger hole, or one that stays open, cannot be mended and needs a whole picture.</remarks>
internal sealed class LossList
{
    /// <summary>Most numbers in one request.</summary>
    public const int Capacity = 256;

    private const int MostAsked = 10;
    private const long LeastWaitUs = 20_000;

    private readonly Hole[] _holes = new Hole[Capacity];
    private int _count;
    private ushort _max;
    private bool _started;

    private struct Hole
    {
        public ushort Sequence;
        public byte Asked;
        public long AskedUs;
    }

    public int Count => _count;

    /// <summary>Takes the number of a packet that came.</summary>
    /// <returns>False when so much is missing that the stream must begin anew with a whole picture.</returns>
    public bool Add(ushort sequence)
    {
        if (!_started)
        {
            _started = true;
            _max = sequence;
            return true;
        }

        var ahead = (short)(sequence - _max);
        if (ahead <= 0)
        {
            Remove(sequence);
            return true;
        }

        var missing = ahead - 1;
        if (missing > Capacity - _count)
        {
            Restart(sequence);
            return false;
        }

        for (var i = 1; i <= missing; i++)
        {
            _holes[_count++] = new Hole { Sequence = (ushort)(_max + i) };
        }

        _max = sequence;
        return true;
    }

    /// <summary>Forgets all: the stream begins anew.</summary>
    public void Restart()
    {
        _count = 0;
        _started = false;
    }

    /// <summary>Gives the numbers to ask for now.</summary>
    /// <param name="nowUs">Now.</param>
    /// <param name="roundTripMs">How long an answer takes.</param>
    /// <param name="sequences">Room for <see cref="Capacity"/> of them.</param>
    /// <param name="gaveUp">Whether one was asked for in vain and is given up.</param>
    public int TakeDue(long nowUs, double roundTripMs, Span<ushort> sequences, out bool gaveUp)
    {
        gaveUp = false;
        var count = 0;
        var wait = Math.Max(LeastWaitUs, (long)(roundTripMs * 1500));
        for (var i = 0; i < _count; i++)
        {
            ref var hole = ref _holes[i];
            if (hole.AskedUs != 0 && nowUs - hole.AskedUs < wait)
            {
                continue;
            }

            if (hole.Asked == MostAsked)
            {
                gaveUp = true;
                RemoveAt(i--);
                continue;
            }

            hole.Asked++;
            hole.AskedUs = nowUs;
            sequences[count++] = hole.Sequence;
        }

        return count;
    }

    private void Restart(ushort sequence)
    {
        _count = 0;
        _max = sequence;
    }

    private void Remove(ushort sequence)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_holes[i].Sequence == sequence)
            {
                RemoveAt(i);
                return;
            }
        }
    }

    private void RemoveAt(int index)
    {
        _count--;
        Array.Copy(_holes, index + 1, _holes, index, _count - index);
    }
}
