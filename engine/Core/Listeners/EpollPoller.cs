using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace XSwitchEngine.Core.Listeners;

/// <summary>epoll and an eventfd.</summary>
internal sealed unsafe class EpollPoller : ISocketPoller
{
    private const int MaxEvents = 128;

    // struct epoll_event is packed on x86-64 only.
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = EventSize - 8;

    private readonly int _epoll;
    private readonly SafeFileHandle _wakeup;
    private readonly byte* _events;
    private readonly Dictionary<long, Entry> _entries = [];
    private long _nextHandle = 1;
    private bool _disposed;

    public EpollPoller()
    {
        _epoll = LinuxSockets.EpollCreate(LinuxSockets.CloseOnExec);
        var wakeup = LinuxSockets.EventFd(0, LinuxSockets.CloseOnExec | LinuxSockets.NonBlocking);
        if (_epoll < 0 || wakeup < 0)
        {
            throw new Win32Exception();
        }

        _wakeup = new SafeFileHandle(wakeup, ownsHandle: true);
        _events = (byte*)NativeMemory.Alloc((nuint)(MaxEvents * EventSize));
        // Edge-triggered: each write is told once, so the counter need not be read to be told of the next.
        Control(LinuxSockets.EpollAdd, wakeup, LinuxSockets.EpollIn | LinuxSockets.EpollEdge, 0);
    }

    public bool HasSources => true;

    public Action? BeforeReady { get; set; }

    public long Add(Socket socket, IPollTarget target, PollInterest interest)
    {
        var handle = _nextHandle++;
        var fd = (int)socket.SafeHandle.DangerousGetHandle();
        Control(LinuxSockets.EpollAdd, fd, Mask(interest), handle);
        _entries[handle] = new Entry(fd, target);
        return handle;
    }

    public void Change(long handle, PollInterest interest)
    {
        if (_entries.TryGetValue(handle, out var entry))
        {
            Control(LinuxSockets.EpollModify, entry.Fd, Mask(interest), handle);
        }
    }

    public void Remove(long handle)
    {
        if (_entries.Remove(handle, out var entry))
        {
            Control(LinuxSockets.EpollDelete, entry.Fd, 0, handle);
        }
    }

    public void Wait(int timeoutMs)
    {
        var count = LinuxSockets.EpollWait(_epoll, _events, MaxEvents, timeoutMs);
        if (count <= 0)
        {
            return;
        }

        BeforeReady?.Invoke();
        for (var i = 0; i < count; i++)
        {
            var at = _events + (i * EventSize);
            var mask = *(uint*)at;
            var handle = *(long*)(at + DataOffset);
            if (handle == 0)
            {
                continue;
            }

            // A target that an earlier one of this batch removed is not found any more.
            if (_entries.TryGetValue(handle, out var entry))
            {
                const uint Failed = LinuxSockets.EpollError | LinuxSockets.EpollHangUp;
                entry.Target.OnReady((mask & (LinuxSockets.EpollIn | Failed)) != 0, (mask & (LinuxSockets.EpollOut | Failed)) != 0);
            }
        }
    }

    public void Wake()
    {
        try
        {
            ulong one = 1;
            _ = LinuxSockets.Write(_wakeup, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // The loop has ended; there is nobody to wake.
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _ = LinuxSockets.Close(_epoll);
            _wakeup.Dispose();
            NativeMemory.Free(_events);
        }
    }

    private static uint Mask(PollInterest interest) =>
        ((interest & PollInterest.Read) != 0 ? LinuxSockets.EpollIn : 0) | ((interest & PollInterest.Write) != 0 ? LinuxSockets.EpollOut : 0);

    private void Control(int operation, int fd, uint mask, long handle)
    {
        var entry = stackalloc byte[16];
        *(uint*)entry = mask;
        *(long*)(entry + DataOffset) = handle;
        if (LinuxSockets.EpollControl(_epoll, operation, fd, entry) < 0 && operation == LinuxSockets.EpollAdd)
        {
            throw new Win32Exception();
        }
    }

    private readonly record struct Entry(int Fd, IPollTarget Target);
}
