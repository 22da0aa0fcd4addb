using System.Net;
using System.Net.Sockets;

namespace XSwitchEngine.Core.Listeners;

/// <summary>The runtime's own <c>Select</c>, for systems without epoll. Costs grow with the number of sockets.</summary>
internal sealed class SelectPoller : ISocketPoller
{
    private readonly Socket _wakeup = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Dictionary<long, Entry> _entries = [];
    private readonly List<Socket> _read = [];
    private readonly List<Socket> _write = [];
    private readonly List<Socket> _error = [];
    private readonly List<(long Handle, bool Readable, bool Writable)> _ready = [];
    private readonly byte[] _scratch = new byte[64];
    private long _nextHandle = 1;

    public SelectPoller()
    {
        _wakeup.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _wakeup.Connect(_wakeup.LocalEndPoint!);
        _wakeup.Blocking = false;
    }

    public bool HasSources => true;

    public Action? BeforeReady { get; set; }

    public long Add(Socket socket, IPollTarget target, PollInterest interest)
    {
        var handle = _nextHandle++;
        _entries[handle] = new Entry(socket, target, interest);
        return handle;
    }

    public void Change(long handle, PollInterest interest)
    {
        if (_entries.TryGetValue(handle, out var entry))
        {
            _entries[handle] = entry with { Interest = interest };
        }
    }

    public void Remove(long handle) => _entries.Remove(handle);

    public void Wait(int timeoutMs)
    {
        Collect();
        try
        {
            Socket.Select(_read, _write, _error, timeoutMs < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(timeoutMs));
        }
        catch (SocketException)
        {
            return;
        }

        if (_read.Remove(_wakeup))
        {
            while (_wakeup.Receive(_scratch, SocketFlags.None, out var error) > 0 && error == SocketError.Success)
            {
            }
        }

        _ready.Clear();
        foreach (var (handle, entry) in _entries)
        {
            var failed = _error.Contains(entry.Socket);
            var readable = failed || _read.Contains(entry.Socket);
            var writable = failed || _write.Contains(entry.Socket);
            if (readable || writable)
            {
                _ready.Add((handle, readable, writable));
            }
        }

        if (_ready.Count > 0)
        {
            BeforeReady?.Invoke();
        }

        foreach (var (handle, readable, writable) in _ready)
        {
            if (_entries.TryGetValue(handle, out var entry))
            {
                entry.Target.OnReady(readable, writable);
            }
        }
    }

    public void Wake()
    {
        try
        {
            _ = _wakeup.Send(_scratch.AsSpan(0, 1), SocketFlags.None, out _);
        }
        catch (ObjectDisposedException)
        {
            // The loop has ended; there is nobody to wake.
        }
    }

    public void Dispose() => _wakeup.Dispose();

    private void Collect()
    {
        _read.Clear();
        _write.Clear();
        _error.Clear();
        _read.Add(_wakeup);
        foreach (var entry in _entries.Values)
        {
            if ((entry.Interest & PollInterest.Read) != 0)
            {
                _read.Add(entry.Socket);
            }

            if ((entry.Interest & PollInterest.Write) != 0)
            {
                _write.Add(entry.Socket);
                _error.Add(entry.Socket);
            }
        }
    }

    private readonly record struct Entry(Socket Socket, IPollTarget Target, PollInterest Interest);
}
