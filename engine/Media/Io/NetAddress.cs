using System.Buffers.Binary;
using System.Net;

namespace XSwitchEngine.Media.Io;

/// <summary>An address and port as a plain value, so that comparing and keeping a packet's source allocates nothing.</summary>
internal readonly record struct NetAddress
{
    private readonly ulong _high;
    private readonly ulong _low;
    private readonly uint _scope;

    private NetAddress(ulong high, ulong low, uint scope, ushort port, bool isV6)
    {
        _high = high;
        _low = low;
        _scope = scope;
        Port = port;
        IsV6 = isV6;
    }

    public ushort Port { get; }

    public bool IsV6 { get; }

    /// <summary>Neither 0.0.0.0, :: nor port 0: something can be sent there.</summary>
    public bool IsUsable => Port != 0 && (_high | _low) != 0;

    public uint Scope => _scope;

    public static NetAddress From(IPAddress address, int port)
    {
        Span<byte> bytes = stackalloc byte[16];
        _ = address.TryWriteBytes(bytes, out var written);
        return written == 4 ? FromV4(bytes, (ushort)port) : FromV6(bytes, (uint)address.ScopeId, (ushort)port);
    }

    public static NetAddress From(IPEndPoint endPoint) => From(endPoint.Address, endPoint.Port);

    public static NetAddress FromV4(ReadOnlySpan<byte> address, ushort port) =>
        new(0, BinaryPrimitives.ReadUInt32BigEndian(address), 0, port, false);

    public static NetAddress FromV6(ReadOnlySpan<byte> address, uint scope, ushort port) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(address), BinaryPrimitives.ReadUInt64BigEndian(address[8..]), scope, port, true);

    public NetAddress WithPort(int port) => new(_high, _low, _scope, (ushort)port, IsV6);

    public bool HasSameHost(in NetAddress other) => _low == other._low && _high == other._high && IsV6 == other.IsV6;

    /// <summary>Writes the 4 or 16 bytes of the address.</summary>
    public int WriteHost(Span<byte> destination)
    {
        if (IsV6)
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
            BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
            return 16;
        }

        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
        return 4;
    }

    public IPEndPoint ToEndPoint()
    {
        Span<byte> bytes = stackalloc byte[16];
        var length = WriteHost(bytes);
        return new IPEndPoint(length == 4 ? new IPAddress(bytes[..4]) : new IPAddress(bytes, _scope), Port);
    }
}
