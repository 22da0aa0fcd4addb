using XSwitchEngine.Media.Rtp;
using XSwitchEngine.Media.Sessions;

namespace XSwitchEngine.Media.Io;

/// <summary>Packets of a shared port for legs that are with another loop: one writer, the port's loop, one reader, no lock, nothing allocated.</summary>
/// <remarks>Holds 256 packets; what comes while it is full is lost, as on a full socket.</remarks>
internal sealed class ForwardRing
{
    private const int Slots = 256;
    private const int SlotLength = RtpHeader.LongestPacket;

    private readonly byte[] _bytes = new byte[Slots * SlotLength];
    private readonly (MediaLeg? Leg, NetAddress Source, int Length)[] _entries = new (MediaLeg?, NetAddress, int)[Slots];
    private int _head;
    private int _tail;

    public bool IsEmpty => Volatile.Read(ref _head) == Volatile.Read(ref _tail);

    /// <summary>Adds a packet. Writer.</summary>
    /// <returns>False when it is full or the packet too long.</returns>
    public bool TryAdd(MediaLeg leg, in NetAddress source, ReadOnlySpan<byte> packet)
    {
        var head = _head;
        if (head - Volatile.Read(ref _tail) == Slots || packet.Length > SlotLength)
        {
            return false;
        }

        var slot = head & (Slots - 1);
        packet.CopyTo(_bytes.AsSpan(slot * SlotLength));
        _entries[slot] = (leg, source, packet.Length);
        Volatile.Write(ref _head, head + 1);
        return true;
    }

    /// <summary>Looks at the next packet without taking it. Reader.</summary>
    public bool TryPeek(out MediaLeg leg, out NetAddress source, out Span<byte> packet)
    {
        if (IsEmpty)
        {
            leg = null!;
            source = default;
            packet = default;
            return false;
        }

        var slot = _tail & (Slots - 1);
        (var waiting, source, var length) = _entries[slot];
        leg = waiting!;
        packet = _bytes.AsSpan(slot * SlotLength, length);
        return true;
    }

    /// <summary>Takes the packet that was looked at. Reader.</summary>
    public void Take()
    {
        _entries[_tail & (Slots - 1)].Leg = null;
        Volatile.Write(ref _tail, _tail + 1);
    }
}
