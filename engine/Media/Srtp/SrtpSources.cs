using System.Runtime.CompilerServices;

namespace XSwitchEngine.Media.Srtp;

/// <summary>What is remembered of each source of one direction: the extended index and which of the last packets were seen (RFC 3711 §3.3).</summary>
/// <remarks>A source is entered only by a packet that was authentic, and there are at most <see cref="MostSources"/>: neither a stranger nor the peer makes it grow.</remarks>
internal sealed class SrtpSources
{
    public const int MostSources = 256;

    /// <summary>How far behind the newest a packet may come; more than the 64 of RFC 3711 for video that is sent again.</summary>
    public const int Window = 512;

    private Source[] _sources = new Source[2];
    private int _count;
    private int _last;

    public int Count => _count;

    /// <summary>Finds a source.</summary>
    /// <returns>Its place, or −1.</returns>
    public int Find(uint ssrc)
    {
        if (_last < _count && _sources[_last].Ssrc == ssrc)
        {
            return _last;
        }

        for (var i = 0; i < _count; i++)
        {
            if (_sources[i].Ssrc == ssrc)
            {
                return _last = i;
            }
        }

        return -1;
    }

    /// <summary>Whether a source that is not known yet can be entered.</summary>
    public bool HasRoom => _count < MostSources;

    /// <summary>Guesses the index of an RTP packet: the one nearest to the newest (RFC 3711 §3.3.1).</summary>
    /// <param name="place">From <see cref="Find"/>; −1 for a source that is new.</param>
    /// <param name="sequence">Its sequence number.</param>
    public long Estimate(int place, ushort sequence)
    {
        if (place < 0)
        {
            return sequence;
        }

        var newest = _sources[place].Newest;
        var index = newest + (short)(sequence - (ushort)newest);
        return index < 0 ? index + 0x1_0000 : index;
    }

    /// <summary>Whether a packet may be taken: not seen, and not too old to tell.</summary>
    public bool IsFresh(int place, long index)
    {
        if (place < 0)
        {
            return true;
        }

        ref var source = ref _sources[place];
        return index > source.Newest || (source.Newest - index < Window && !source.Seen[index]);
    }

    /// <summary>Notes an authentic packet.</summary>
    /// <param name="place">From <see cref="Find"/>.</param>
    /// <param name="ssrc">The source.</param>
    /// <param name="index">The packet's index.</param>
    public void Note(int place, uint ssrc, long index)
    {
        if (place < 0)
        {
            if (_count == _sources.Length)
            {
                Array.Resize(ref _sources, Math.Min(MostSources, _count * 2));
            }

            place = _last = _count++;
            _sources[place] = new Source { Ssrc = ssrc, Newest = index };
        }

        ref var source = ref _sources[place];
        if (index > source.Newest)
        {
            source.Seen.Clear(source.Newest + 1, index);
            source.Newest = index;
        }

        source.Seen.Set(index);
    }

    private struct Source
    {
        public uint Ssrc;
        public long Newest;
        public Bits Seen;
    }

    /// <summary>A bit for each of the last packets, in a ring.</summary>
    [InlineArray(Window / 64)]
    private struct Bits
    {
        private ulong _first;

        public readonly bool this[long index] => (this[(int)(index % Window) / 64] >> (int)(index % 64) & 1) != 0;

        public void Set(long index) => this[(int)(index % Window) / 64] |= 1UL << (int)(index % 64);

        /// <summary>Forgets what stood where the packets from one to another will stand.</summary>
        public void Clear(long from, long to)
        {
            if (to - from >= Window - 1)
            {
                this = default;
                return;
            }

            for (; from <= to; from++)
            {
                this[(int)(from % Window) / 64] &= ~(1UL << (int)(from % 64));
            }
        }
    }
}
