using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using static XSwitchEngine.Media.Io.LinuxNative;

namespace XSwitchEngine.Media.Io;

/// <summary>Linux: one socket a port, epoll, one system call a packet each way.</summary>
internal sealed unsafe class EpollIo(byte trafficClass) : IMediaIo
{
    private const int AddressLength = 28;
    private const int SharedBuffer = 4 << 20;

    /// <inheritdoc/>
    public string Name => "epoll";

    /// <summary>Whether this system has what is needed.</summary>
    public static bool IsAvailable()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        var epoll = epoll_create1(0);
        var timer = timerfd_create(ClockMonotonic, NonblockCloexec);
        var wake = eventfd(0, NonblockCloexec);
        foreach (var fd in (ReadOnlySpan<int>)[epoll, timer, wake])
        {
            if (fd >= 0)
            {
                _ = close(fd);
            }
        }

        return epoll >= 0 && timer >= 0 && wake >= 0;
    }

    /// <inheritdoc/>
    public bool TryBind(in NetAddress local, bool isShared, [NotNullWhen(true)] out MediaPort? port, out bool isInUse, out string error)
    {
        port = null;
        isInUse = false;
        var fd = socket(local.IsV6 ? AfInet6 : AfInet, SockDgramNonblockCloexec, 0);
        if (fd < 0)
        {
            error = $"socket: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastSystemError())}";
            return false;
        }

        var address = stackalloc byte[AddressLength];
        if (bind(fd, address, Write(local, address)) != 0)
        {
            var errno = Marshal.GetLastSystemError();
            _ = close(fd);
            isInUse = errno == EaddrInUse;
            error = $"bind {local.ToEndPoint()}: {Marshal.GetPInvokeErrorMessage(errno)}";
            return false;
        }

        if (trafficClass != 0)
        {
            int value = trafficClass;
            _ = setsockopt(fd, local.IsV6 ? SolIpv6 : SolIp, local.IsV6 ? Ipv6Class : IpTos, &value, sizeof(int));
        }

        if (isShared)
        {
            var length = SharedBuffer;
            if (setsockopt(fd, SolSocket, ReceiveBufferForce, &length, sizeof(int)) != 0)
            {
                _ = setsockopt(fd, SolSocket, ReceiveBuffer, &length, sizeof(int)); // as much as the system permits
            }
        }

        uint size = AddressLength;
        _ = getsockname(fd, address, &size);
        error = "";
        port = new Port(fd, local.IsV6, Read(address).Port);
        return true;
    }

    /// <inheritdoc/>
    public IMediaPoller CreatePoller() => new Poller();

    private static uint Write(in NetAddress address, byte* to)
    {
        var bytes = new Span<byte>(to, AddressLength);
        bytes.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], address.Port);
        if (address.IsV6)
        {
            *(ushort*)to = AfInet6;
            _ = address.WriteHost(bytes[8..]);
            *(uint*)(to + 24) = address.Scope;
            return AddressLength;
        }

        *(ushort*)to = AfInet;
        _ = address.WriteHost(bytes[4..]);
        return 16;
    }

    private static NetAddress Read(byte* from)
    {
        var bytes = new ReadOnlySpan<byte>(from, AddressLength);
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        return *(ushort*)from == AfInet6
            ? NetAddress.FromV6(bytes.Slice(8, 16), *(uint*)(from + 24), port)
            : NetAddress.FromV4(bytes.Slice(4, 4), port);
    }

    private sealed class Port(int fd, bool isV6, ushort number) : MediaPort
    {
        private bool _isConnected;
        private NetAddress _peer;

        public int Fd { get; private set; } = fd;

        public override ushort Number => number;

        public override int Receive(Span<byte> buffer, out NetAddress source)
        {
            fixed (byte* to = buffer)
            {
                if (_isConnected)
                {
                    // A refused connection is the peer's closed port: the call consumes the error, nothing else follows from it.
                    source = _peer;
                    return (int)recv(Fd, to, buffer.Length, 0);
                }

                var address = stackalloc byte[AddressLength];
                uint length = AddressLength;
                var received = (int)recvfrom(Fd, to, buffer.Length, 0, address, &length);
                source = received < 0 ? default : Read(address);
                return received;
            }
        }

        public override void Send(ReadOnlySpan<byte> packet, in NetAddress to)
        {
            fixed (byte* from = packet)
            {
                if (_isConnected)
                {
                    _ = send(Fd, from, packet.Length, 0);
                    return;
                }

                if (to.IsV6 == isV6)
                {
                    var address = stackalloc byte[AddressLength];
                    _ = sendto(Fd, from, packet.Length, 0, address, Write(to, address));
                }
            }
        }

        public override void Connect(in NetAddress peer)
        {
            var address = stackalloc byte[AddressLength];
            _isConnected = connect(Fd, address, Write(peer, address)) == 0;
            _peer = peer;
        }

        public override void Disconnect()
        {
            var address = stackalloc byte[AddressLength]; // all zero is AF_UNSPEC
            new Span<byte>(address, AddressLength).Clear();
            _ = connect(Fd, address, AddressLength);
            _isConnected = false;
        }

        public override void Dispose()
        {
            if (Fd >= 0)
            {
                _ = close(Fd);
                Fd = -1;
            }
        }
    }

    /// <summary>As the kernel lays it out on this architecture: packed on x86-64 only.</summary>
    private readonly struct EventLayout
    {
        public static readonly int Size = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
        public static readonly int DataOffset = Size - 8;
    }

    private sealed class Poller : IMediaPoller
    {
        private const int MaxEvents = 512;
        private const ulong WakeTag = ulong.MaxValue, TimerTag = ulong.MaxValue - 1;

        private readonly int _epoll = epoll_create1(0x80000);
        private readonly int _wake = eventfd(0, NonblockCloexec);
        private readonly int _timer = timerfd_create(ClockMonotonic, NonblockCloexec);
        private readonly byte* _events = (byte*)NativeMemory.Alloc(MaxEvents * 16);
        private long _armed = long.MaxValue;

        public Poller()
        {
            if (_epoll < 0 || _wake < 0 || _timer < 0)
            {
                throw new IOException("no file descriptors left for a media loop");
            }

            // Both are edge-triggered: each write is told once without the counter being read, and setting the timer anew is all the clearing it needs.
            _ = Control(EpollAdd, _wake, EpollIn | EpollEdge, WakeTag);
            _ = Control(EpollAdd, _timer, EpollIn | EpollEdge, TimerTag);
        }

        public bool Add(MediaPort port, ReadyPort name) =>
            Control(EpollAdd, ((Port)port).Fd, EpollIn, ((ulong)(uint)name.Leg << 1) | (name.IsRtcp ? 1u : 0u)) == 0;

        public void Remove(MediaPort port) => _ = Control(EpollDelete, ((Port)port).Fd, 0, 0);

        public void Forget(MediaPort port)
        {
            // A closed descriptor that was never duplicated leaves epoll with its socket.
        }

        public int Wait(long delayUs, long deadline, Span<ReadyPort> ready)
        {
            var timeoutMs = -1;
            if (delayUs == 0)
            {
                timeoutMs = 0;
            }
            else if (deadline != _armed)
            {
                Arm(delayUs, deadline);
            }

            var count = epoll_wait(_epoll, _events, Math.Min(MaxEvents, ready.Length), timeoutMs);
            var filled = 0;
            for (var i = 0; i < count; i++)
            {
                var tag = *(ulong*)(_events + (i * EventLayout.Size) + EventLayout.DataOffset);
                if (tag == WakeTag)
                {
                    continue;
                }
                else if (tag == TimerTag)
                {
                    _armed = long.MaxValue;
                }
                else
                {
                    ready[filled++] = new ReadyPort((int)(tag >> 1), (tag & 1) != 0);
                }
            }

            return filled;
        }

        public void Rest(long us)
        {
            var duration = stackalloc long[2] { 0, us * 1000 };
            _ = nanosleep(duration, null); // ended early by a signal: a look too soon
        }

        public void Wake()
        {
            ulong one = 1;
            _ = write(_wake, &one, 8);
        }

        public void Dispose()
        {
            _ = close(_timer);
            _ = close(_wake);
            _ = close(_epoll);
            NativeMemory.Free(_events);
        }

        private void Arm(long delayUs, long deadline)
        {
            var value = stackalloc long[4] { 0, 0, 0, 0 }; // no interval, then the delay; zero disarms
            if (delayUs > 0)
            {
                value[2] = delayUs / 1_000_000;
                value[3] = delayUs % 1_000_000 * 1000;
            }

            _ = timerfd_settime(_timer, 0, value, null);
            _armed = deadline;
        }

        private int Control(int operation, int fd, int events, ulong tag)
        {
            var epollEvent = stackalloc byte[16];
            *(int*)epollEvent = events;
            *(ulong*)(epollEvent + EventLayout.DataOffset) = tag;
            return epoll_ctl(_epoll, operation, fd, epollEvent);
        }
    }
}
