using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace XSwitchEngine.Core.Listeners;

/// <summary>recvmmsg and sendmsg with packet information, so that a wildcard socket knows and keeps the local address of each exchange.</summary>
internal sealed unsafe class LinuxDatagramSocket : IDatagramSocket
{
    private const int NameRoom = 32;
    private const int ControlRoom = 96;
    private const int ControlHeaderSize = 16;

    private readonly int _fd;
    private readonly bool _isV6;
    private readonly byte* _memory;
    private readonly LinuxSockets.MessageOfMany* _messages;
    private readonly LinuxSockets.Vector* _vectors;
    private readonly byte* _names;
    private readonly byte* _controls;
    private uint _overflow;
    private bool _disposed;

    public LinuxDatagramSocket(Socket socket, bool wantsLocalAddress)
    {
        Socket = socket;
        _fd = (int)socket.SafeHandle.DangerousGetHandle();
        _isV6 = socket.AddressFamily == AddressFamily.InterNetworkV6;
        SetOption(LinuxSockets.SocketLevel, LinuxSockets.ReceiveOverflow, 1);
        if (wantsLocalAddress)
        {
            _ = _isV6
                ? SetOption(LinuxSockets.Ipv6Level, LinuxSockets.Ipv6ReceivePacketInfo, 1)
                : SetOption(LinuxSockets.IpLevel, LinuxSockets.IpPacketInfo, 1);
        }

        const int PerMessage = NameRoom + ControlRoom;
        var size = DatagramBatch.Capacity * (sizeof(LinuxSockets.MessageOfMany) + sizeof(LinuxSockets.Vector) + PerMessage);
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)size);
        _messages = (LinuxSockets.MessageOfMany*)_memory;
        _vectors = (LinuxSockets.Vector*)(_messages + DatagramBatch.Capacity);
        _names = (byte*)(_vectors + DatagramBatch.Capacity);
        _controls = _names + (DatagramBatch.Capacity * NameRoom);
    }

    public Socket Socket { get; }

    public long Dropped { get; private set; }

    /// <summary>Asks for a receive buffer past the system's limit, which the privileged may have.</summary>
    public static bool TryForceReceiveBuffer(Socket socket, int bytes) =>
        LinuxSockets.SetOption((int)socket.SafeHandle.DangerousGetHandle(), LinuxSockets.SocketLevel, LinuxSockets.ReceiveBufferForce, &bytes, sizeof(int)) == 0;

    public int Receive(DatagramBatch batch)
    {
        if (_disposed)
        {
            return 0;
        }

        // The storage is pinned for good, so its address may be used past the statement.
        var storage = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(batch.Storage, 0);
        for (var i = 0; i < DatagramBatch.Capacity; i++)
        {
            _vectors[i] = new LinuxSockets.Vector { Base = storage + ((nint)i * DatagramBatch.Room), Length = DatagramBatch.Room };
            _messages[i].Header = new LinuxSockets.MessageHeader
            {
                Name = _names + (i * NameRoom),
                NameLength = NameRoom,
                Vectors = _vectors + i,
                VectorCount = 1,
                Control = _controls + (i * ControlRoom),
                ControlLength = ControlRoom,
            };
        }

        var count = LinuxSockets.ReceiveMany(_fd, _messages, DatagramBatch.Capacity, LinuxSockets.DontWait, null);
        for (var i = 0; i < count; i++)
        {
            ref var message = ref _messages[i];
            var local = ReadControl(ref message.Header);
            batch.Set(i, (int)Math.Min(message.Length, DatagramBatch.Room), ReadName(ref message.Header), local);
        }

        // An error is reported once by the kernel (say, an ICMP answer to what was sent) and does not concern what comes next.
        return Math.Max(count, 0);
    }

    public bool Send(IPEndPoint to, IPAddress? from, ReadOnlySpan<byte> data)
    {
        if (_disposed)
        {
            return false;
        }

        var name = stackalloc byte[NameRoom];
        var control = stackalloc byte[40];
        fixed (byte* payload = data)
        {
            var vector = new LinuxSockets.Vector { Base = payload, Length = (nuint)data.Length };
            var header = new LinuxSockets.MessageHeader { Name = name, Vectors = &vector, VectorCount = 1 };
            if (!WriteName(to, name, out header.NameLength))
            {
                return false;
            }

            if (from is not null)
            {
                header.ControlLength = WriteSource(from, control);
                header.Control = control;
            }

            return LinuxSockets.SendMessage(_fd, &header, LinuxSockets.DontWait | LinuxSockets.NoSignal) == data.Length;
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Socket.Dispose();
            NativeMemory.Free(_memory);
        }
    }

    private static PeerKey ReadName(ref LinuxSockets.MessageHeader header)
    {
        var name = (byte*)header.Name;
        var port = BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(name + 2, 2));
        if (*(ushort*)name == LinuxSockets.InterNetwork)
        {
            return PeerKey.FromIPv4(*(uint*)(name + 4), port);
        }

        var scope = name[8] == 0xFE && (name[9] & 0xC0) == 0x80 ? *(uint*)(name + 24) : 0;
        return PeerKey.FromBytes(new ReadOnlySpan<byte>(name + 8, 16), port, scope);
    }

    private PeerKey ReadControl(ref LinuxSockets.MessageHeader header)
    {
        PeerKey local = default;
        var at = (byte*)header.Control;
        var left = (long)header.ControlLength;
        while (left >= ControlHeaderSize)
        {
            var control = (LinuxSockets.ControlHeader*)at;
            var length = (long)control->Length;
            if (length < ControlHeaderSize || length > left)
            {
                break;
            }

            var data = at + ControlHeaderSize;
            switch (control->Level, control->Type)
            {
                case (LinuxSockets.IpLevel, LinuxSockets.IpPacketInfo):
                    local = PeerKey.FromIPv4(*(uint*)(data + 4), 0);
                    break;
                case (LinuxSockets.Ipv6Level, LinuxSockets.Ipv6PacketInfo):
                    var scope = data[0] == 0xFE && (data[1] & 0xC0) == 0x80 ? *(uint*)(data + 16) : 0;
                    local = PeerKey.FromBytes(new ReadOnlySpan<byte>(data, 16), 0, scope);
                    break;
                case (LinuxSockets.SocketLevel, LinuxSockets.ReceiveOverflow):
                    var overflow = *(uint*)data;
                    Dropped += overflow - _overflow; // wraps as the kernel's own counter does
                    _overflow = overflow;
                    break;
                default:
                    break;
            }

            var step = (length + 7) & ~7L;
            at += step;
            left -= step;
        }

        return local;
    }

    private bool WriteName(IPEndPoint to, byte* name, out uint length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(name + 2, 2), (ushort)to.Port);
        if (_isV6)
        {
            *(ushort*)name = LinuxSockets.InterNetworkV6;
            *(uint*)(name + 4) = 0;
            AddressBytes.Write(to.Address, new Span<byte>(name + 8, 16));
            *(uint*)(name + 24) = AddressBytes.Scope(to.Address);
            length = 28;
            return true;
        }

        length = 16;
        *(ushort*)name = LinuxSockets.InterNetwork;
        *(ulong*)(name + 8) = 0;
        return to.AddressFamily == AddressFamily.InterNetwork && to.Address.TryWriteBytes(new Span<byte>(name + 4, 4), out _);
    }

    private nuint WriteSource(IPAddress from, byte* control)
    {
        var header = (LinuxSockets.ControlHeader*)control;
        var data = control + ControlHeaderSize;
        if (_isV6)
        {
            *header = new LinuxSockets.ControlHeader { Length = ControlHeaderSize + 20, Level = LinuxSockets.Ipv6Level, Type = LinuxSockets.Ipv6PacketInfo };
            AddressBytes.Write(from, new Span<byte>(data, 16));
            *(uint*)(data + 16) = AddressBytes.Scope(from);
            return 40;
        }

        *header = new LinuxSockets.ControlHeader { Length = ControlHeaderSize + 12, Level = LinuxSockets.IpLevel, Type = LinuxSockets.IpPacketInfo };
        *(uint*)data = 0;
        _ = from.TryWriteBytes(new Span<byte>(data + 4, 4), out _);
        *(uint*)(data + 8) = 0;
        return 32;
    }

    private int SetOption(int level, int name, int value) => LinuxSockets.SetOption(_fd, level, name, &value, sizeof(int));
}
