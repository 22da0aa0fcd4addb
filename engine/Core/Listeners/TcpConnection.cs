using System.Net;
using System.Net.Sockets;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Listeners;

/// <summary>One TCP connection on the plugin's loop: reads only when the plugin has handled what came before, queues at most a bounded number of bytes.</summary>
internal sealed class TcpConnection : ITransportConnection, IPollTarget
{
    /// <summary>Reads at one turn, so that one busy peer leaves time for the others.</summary>
    private const int ReadsPerTurn = 4;

    private readonly Transports _owner;
    private readonly Socket _socket;
    private readonly SendQueue _queue;
    private long _handle;
    private PollInterest _interest;
    private LoopTimer? _deadline;
    private long _opened;
    private long _lastReceived;
    private bool _isClosing;
    private bool _hasSent;
    private bool _isPaused;

    public TcpConnection(Transports owner, ConnectionId id, ListenerId listener, Socket socket, bool isAccepted)
    {
        _owner = owner;
        _socket = socket;
        Id = id;
        Listener = listener;
        IsAccepted = isAccepted;
        _queue = new SendQueue(owner.Limits.MaxQueuedBytes);
        socket.Blocking = false;
        Configure(socket);
        Remote = AddressBytes.Normalise((IPEndPoint)socket.RemoteEndPoint!);
        Local = AddressBytes.Normalise((IPEndPoint)socket.LocalEndPoint!);
    }

    public ConnectionId Id { get; }

    public ListenerId Listener { get; }

    public bool IsAccepted { get; }

    public bool IsCounted => IsAccepted;

    public IPEndPoint Remote { get; }

    public IPEndPoint Local { get; }

    public bool IsClosed { get; private set; }

    private PollInterest Interest =>
        (_isPaused && !_isClosing ? PollInterest.None : PollInterest.Read) | (_queue.Length > 0 ? PollInterest.Write : PollInterest.None);

    private TimeSpan TimeLeft
    {
        get
        {
            var idle = _owner.Limits.Idle - _owner.Time.GetElapsedTime(_lastReceived);
            var reply = IsAccepted && !_hasSent ? _owner.Limits.FirstReply - _owner.Time.GetElapsedTime(_opened) : TimeSpan.MaxValue;
            return idle < reply ? idle : reply;
        }
    }

    /// <summary>What every connection has: nothing waits for more to send, and a peer that vanished is noticed within two minutes.</summary>
    public static void Configure(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 60);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 15);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 4);
    }

    /// <summary>Begins to read, after the plugin has been told that the connection is open.</summary>
    public void Begin(bool isPaused)
    {
        _isPaused = isPaused;
        _interest = Interest;
        _handle = _owner.Io.Poller.Add(_socket, this, _interest);
        _opened = _lastReceived = _owner.Time.GetTimestamp();
        if (!_isClosing)
        {
            Arm(TimeLeft);
        }
    }

    public void SetPaused(bool isPaused)
    {
        _isPaused = isPaused;
        UpdateInterest();
    }

    /// <summary>Bytes that wait to be sent.</summary>
    public int QueuedBytes => _queue.Length;

    public void Send(ReadOnlySpan<byte> data)
    {
        if (_isClosing || IsClosed || data.IsEmpty)
        {
            return;
        }

        _hasSent = true;
        if (_queue.Length == 0)
        {
            var sent = _socket.Send(data, SocketFlags.None, out var error);
            if (error is not (SocketError.Success or SocketError.WouldBlock or SocketError.TryAgain))
            {
                _owner.Drop(this);
                return;
            }

            sent = error == SocketError.Success ? sent : 0;
            _owner.Counters.BytesOut.Add(sent);
            data = data[sent..];
            if (data.IsEmpty)
            {
                return;
            }
        }

        if (!_queue.TryAdd(data))
        {
            // A peer that does not read costs its own connection, nothing else.
            _owner.Counters.Overflowed.Add(1);
            _owner.Drop(this);
            return;
        }

        UpdateInterest();
    }

    /// <summary>Closes once the queue is sent: first our direction, then all when the peer has closed too, so that no reset destroys our last words.</summary>
    public void Close()
    {
        if (_isClosing || IsClosed)
        {
            return;
        }

        _isClosing = true;
        Arm(_owner.Limits.Linger);
        if (_queue.Length == 0)
        {
            ShutdownSend();
        }

        UpdateInterest();
    }

    public void OnReady(bool readable, bool writable)
    {
        if (writable && _queue.Length > 0)
        {
            Flush();
        }

        if (readable && (_interest & PollInterest.Read) == 0)
        {
            // Not asked for, so it is an error; it would be reported for ever.
            _owner.Drop(this);
            return;
        }

        for (var i = 0; readable && i < ReadsPerTurn && !IsClosed && (!_isPaused || _isClosing); i++)
        {
            readable = Read();
        }
    }

    /// <summary>Ends it at once; called by the owner only.</summary>
    public void Abort()
    {
        IsClosed = true;
        _owner.Io.Loop.Cancel(_deadline);
        _owner.Io.Poller.Remove(_handle);
        _queue.Clear();
        _socket.Dispose();
    }

    private bool Read()
    {
        var buffer = _owner.Io.StreamBuffer;
        var count = _socket.Receive(buffer, SocketFlags.None, out var error);
        if (error is SocketError.WouldBlock or SocketError.TryAgain or SocketError.Interrupted)
        {
            return false;
        }

        if (error != SocketError.Success || count == 0)
        {
            _owner.Drop(this);
            return false;
        }

        _owner.Counters.BytesIn.Add(count);
        if (!_isClosing)
        {
            _lastReceived = _owner.Time.GetTimestamp();
            _owner.Sink.Deliver(TransportEvent.Received(Listener, Id, Remote, Local, buffer.AsMemory(0, count)));
        }

        return count == buffer.Length;
    }

    private void Flush()
    {
        var sent = _socket.Send(_queue.Pending, SocketFlags.None, out var error);
        if (error is SocketError.WouldBlock or SocketError.TryAgain)
        {
            return;
        }

        if (error != SocketError.Success)
        {
            _owner.Drop(this);
            return;
        }

        _owner.Counters.BytesOut.Add(sent);
        _queue.Consume(sent);
        if (_queue.Length == 0 && _isClosing)
        {
            ShutdownSend();
        }

        UpdateInterest();
    }

    private void ShutdownSend()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The peer is gone already; reading will say so.
        }
    }

    private void UpdateInterest()
    {
        if (!IsClosed && _handle != 0 && Interest != _interest)
        {
            _interest = Interest;
            _owner.Io.Poller.Change(_handle, _interest);
        }
    }

    private void Arm(TimeSpan due)
    {
        _owner.Io.Loop.Cancel(_deadline);
        _deadline = _owner.Io.Loop.Schedule(due, static c => ((TcpConnection)c!).OnDeadline(), this);
    }

    private void OnDeadline()
    {
        if (!_isClosing && (_isPaused || TimeLeft > TimeSpan.Zero))
        {
            // What the peer sent meanwhile counts; while nothing is read for it, it cannot be late.
            Arm(_isPaused ? _owner.Limits.FirstReply : TimeLeft);
            return;
        }

        if (!_isClosing)
        {
            _owner.Counters.TimedOut.Add(1);
        }

        _owner.Drop(this);
    }
}
