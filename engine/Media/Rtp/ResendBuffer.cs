namespace XSwitchEngine.Media.Rtp;

/// <summary>The last packets of a video stream by the sender's own numbers, for those of its viewers that lost some.</summary>
/// <remarks>One for a sender, however many watch. At most 1024 packets, taken from and given back to the loop's spare buffers.</remarks>
internal sealed class ResendBuffer(Stack<byte[]> buffers)
{
    /// <summary>Packets held.</summary>
    public const int Capacity = 1024;

    private readonly Slot[] _slots = new Slot[Capacity];

    private struct Slot
    {
        public byte[]? Data;
        public int Length;
        public ushort Sequence;
        public uint Timestamp;
        public bool Marker;
    }

    /// <summary>Keeps a packet; the oldest makes room.</summary>
    /// <param name="sequence">The sender's number.</param>
    /// <param name="timestamp">The sender's timestamp.</param>
    /// <param name="marker">Its marker.</param>
    /// <param name="payload">Copied; empty for one of padding alone.</param>
    public void Add(ushort sequence, uint timestamp, bool marker, ReadOnlySpan<byte> payload)
    {
        ref var slot = ref _slots[sequence % Capacity];
        if (slot.Data is null && !buffers.TryPop(out slot.Data))
        {
            slot.Data = new byte[JitterBuffer.BufferLength];
        }

        payload.CopyTo(slot.Data.AsSpan(RtpHeader.FixedLength));
        (slot.Length, slot.Sequence, slot.Timestamp, slot.Marker) = (payload.Length, sequence, timestamp, marker);
    }

    /// <summary>Gives a packet with room for a header in front.</summary>
    /// <returns>False when it never came or is gone.</returns>
    public bool TryGet(ushort sequence, out Span<byte> packet, out uint timestamp, out bool marker)
    {
        ref var slot = ref _slots[sequence % Capacity];
        if (slot.Data is null || slot.Sequence != sequence)
        {
            packet = default;
            (timestamp, marker) = (0, false);
            return false;
        }

        packet = slot.Data.AsSpan(0, RtpHeader.FixedLength + slot.Length);
        (timestamp, marker) = (slot.Timestamp, slot.Marker);
        return true;
    }

    /// <summary>Gives all buffers back.</summary>
    public void Clear()
    {
        foreach (ref var slot in _slots.AsSpan())
        {
            if (slot.Data is { } data)
            {
                buffers.Push(data);
            }

            slot = default;
        }
    }
}
