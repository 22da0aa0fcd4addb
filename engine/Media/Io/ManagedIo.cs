#pragma warning disable RS0030 // the portable backend is the one place where the media plane uses .NET's sockets
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace XSwitchEngine.Media.Io;

/// <summary>Systems without epoll: .NET sockets, synchronous and without allocation for a packet, and select.</summary>
internal sealed class ManagedIo(byte trafficClass) : IMediaIo
{
    private const int SharedBuffer = 4 << 20;

    /// <inheritdoc/>
    public string Name => "sockets";

    /// <inheritdoc/>
    public bool TryBind(in NetAddress local, bool isShared, [NotNullWhen(true)] out MediaPort? port, out bool isInUse, out string error)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(local.IsV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
            socket.Bind(local.ToEndPoint());
            if (!local.IsV6 && trafficClass != 0)
            {
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.TypeOfService, trafficClass);
            }

            if (isShared)
            {
                socket.ReceiveBufferSize = SharedBuffer;
            }

            port = new Port(socket, isShared);
            isInUse = false;
            error = "";
            return true;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            port = null;
            isInUse = e.SocketErrorCode == SocketError.AddressAlreadyInUse;
            error = $"bind {local.ToEndPoint()}: {e.Message}";
            return false;
        }
    }

    /// <inheritdoc/>
    public IMediaPoller CreatePoller() => new Poller();

    private static NetAddress Read(SocketAddress address)
    {
        var bytes = address.Buffer.Span;
        var port = (ushort)((bytes[2] << 8) | bytes[3]);
        return address.Family == AddressFamily.InterNetworkV6
            ? NetAddress.FromV6(bytes.Slice(8, 16), BitConverter.ToUInt32(bytes[24..]), port)
            : NetAddress.FromV4(bytes.Slice(4, 4), port);
    }

    private static void Write(in NetAddress address, SocketAddress to)
    {
        var bytes = to.Buffer.Span;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], address.Port);
        _ = address.WriteHost(bytes[(address.IsV6 ? 8 : 4)..]);
        if (address.IsV6)
        {
            BitConverter.TryWriteBytes(bytes[24..], address.Scope);
        }
    }

    private sealed class Port(Socket socket, bool isShared) : MediaPort
    {
        [ThreadStatic]
        private static SocketAddress? _shared4, _shared6;

        private readonly SocketAddress _from = new(socket.AddressFamily);
        private NetAddress _to;
        private SocketAddress? _toAddress;
        private bool _isConnected;

        public Socket Socket => socket;

        public override ushort Number { get; } = (ushort)((IPEndPoint)socket.LocalEndPoint!).Port;

        public ReadyPort ReadyName { get; set; }

        public override int Receive(Span<byte> buffer, out NetAddress source)
        {
            source = default;
            try
            {
                var length = socket.ReceiveFrom(buffer, SocketFlags.None, _from);
                source = Read(_from);
                return _isConnected && source != _to ? Nothing : length;
            }
            catch (SocketException)
            {
                return Nothing; // nothing there, cut off, or the peer's port is closed
            }
        }

        public override void Send(ReadOnlySpan<byte> packet, in NetAddress to)
        {
            if (isShared)
            {
                SendShared(packet, to);
                return;
            }

            if (!_isConnected && to != _to)
            {
                _to = to;
                _toAddress = null;
            }

            try
            {
                _toAddress ??= _to.ToEndPoint().Serialize();
                _ = socket.SendTo(packet, SocketFlags.None, _toAddress);
            }
            catch (SocketException)
            {
                // A packet that cannot be sent is lost, as on the wire.
            }
        }

        private void SendShared(ReadOnlySpan<byte> packet, in NetAddress to)
        {
            if (to.IsV6 != (socket.AddressFamily == AddressFamily.InterNetworkV6))
            {
                return;
            }

            var address = to.IsV6
                ? _shared6 ??= new SocketAddress(AddressFamily.InterNetworkV6)
                : _shared4 ??= new SocketAddress(AddressFamily.InterNetwork);
            Write(to, address);
            try
            {
                _ = socket.SendTo(packet, SocketFlags.None, address);
            }
            catch (SocketException)
            {
                // Lost, as above.
            }
        }

        /// <summary>The source is compared here: not every system can untie a connected socket again.</summary>
        public override void Connect(in NetAddress peer)
        {
            (_to, _toAddress, _isConnected) = (peer, null, true);
        }

        public override void Disconnect() => _isConnected = false;

        public override void Dispose() => socket.Dispose();
    }

    private sealed class Poller : IMediaPoller
    {
        private readonly List<Port> _ports = [];
        private readonly List<Socket> _readable = [];
        private readonly Dictionary<Socket, Port> _bySocket = [];
        private readonly Socket _wakeReceiver = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly Socket _wakeSender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly byte[] _one = new byte[1];

        public Poller()
        {
            _wakeReceiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _wakeReceiver.Blocking = false;
            _wakeSender.Connect(_wakeReceiver.LocalEndPoint!);
            _wakeReceiver.Connect(_wakeSender.LocalEndPoint!);
        }

        public bool Add(MediaPort port, ReadyPort name)
        {
            var added = (Port)port;
            added.ReadyName = name;
            _ports.Add(added);
            _bySocket.Add(added.Socket, added);
            return true;
        }

        public void Forget(MediaPort port) => Remove(port);

        public void Remove(MediaPort port)
        {
            _ = _ports.Remove((Port)port);
            _ = _bySocket.Remove(((Port)port).Socket);
        }

        public void Rest(long us)
        {
            // The portable sleep has no shorter unit than the system's tick.
        }

        public int Wait(long delayUs, long deadline, Span<ReadyPort> ready)
        {
            _readable.Clear();
            _readable.Add(_wakeReceiver);
            foreach (var port in _ports)
            {
                _readable.Add(port.Socket);
            }

            Socket.Select(_readable, null, null, (int)Math.Clamp(delayUs, -1, int.MaxValue));
            var count = 0;
            foreach (var socket in _readable)
            {
                if (socket == _wakeReceiver)
                {
                    DrainWake();
                }
                else if (count < ready.Length)
                {
                    ready[count++] = _bySocket[socket].ReadyName;
                }
            }

            return count;
        }

        public void Wake()
        {
            try
            {
                _ = _wakeSender.Send([1]);
            }
            catch (SocketException)
            {
                // A full buffer wakes too.
            }
        }

        public void Dispose()
        {
            _wakeReceiver.Dispose();
            _wakeSender.Dispose();
        }

        private void DrainWake()
        {
            try
            {
                while (_wakeReceiver.Receive(_one) > 0)
                {
                }
            }
            catch (SocketException)
            {
                // Empty.
            }
        }
    }
}
