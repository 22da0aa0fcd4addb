using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Listeners;

/// <summary>A TLS or WebSocket connection: its waits are off the loop, everything the plugin sees of it is on the loop and in order.</summary>
/// <remarks>
/// At most <see cref="Window"/> messages of one peer wait for the loop; then nothing is read, and TCP slows the peer down. At most
/// <see cref="ConnectionLimits.MaxQueuedBytes"/> wait to be sent; one more closes the connection.
/// </remarks>
internal sealed class PumpedConnection : ITransportConnection, IThreadPoolWorkItem
{
    private const int Window = 4;
    private readonly Transports _owner;
    private readonly IMessageChannel _channel;
    private readonly HttpRequest? _request;
    private readonly bool _isStream;
    private readonly bool _isAccepted;
    private readonly Lock _sending = new();
    private readonly Queue<(byte[] Buffer, int Length)> _out = new(1);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _resumed;
    private Queue<Received>? _held;
    private LoopTimer? _deadline;
    private long _lastReceived;
    private long _opened;
    private int _waiting;
    private int _queuedBytes;
    private bool _isWriting;
    private bool _isClosing;
    private bool _hasClosed;
    private bool _hasSent;
    private bool _isPaused;
    private bool _isEnded;

    /// <summary>Makes a connection that does not read yet.</summary>
    /// <param name="owner">Whose it is.</param>
    /// <param name="id">Its id.</param>
    /// <param name="listener">Its listener.</param>
    /// <param name="peer">What is known of the other end.</param>
    /// <param name="channel">Reads and writes.</param>
    public PumpedConnection(Transports owner, ConnectionId id, ListenerId listener, PumpedPeer peer, IMessageChannel channel)
    {
        _owner = owner;
        _channel = channel;
        _request = peer.Request;
        _isStream = channel is StreamChannel;
        Id = id;
        Listener = listener;
        Remote = peer.Remote;
        Local = peer.Local;
        Certificate = peer.Certificate;
        _isAccepted = peer.IsAccepted;
        IsCounted = peer.IsCounted;
    }

    /// <summary>Whose it is.</summary>
    public Transports Owner => _owner;

    public ConnectionId Id { get; }

    public ListenerId Listener { get; }

    public bool IsCounted { get; }

    public IPEndPoint Remote { get; }

    public IPEndPoint Local { get; }

    public PeerCertificate? Certificate { get; }

    public bool IsClosed { get; private set; }

    public int QueuedBytes => Volatile.Read(ref _queuedBytes);

    /// <summary>Ends when nothing of the connection is used any more.</summary>
    public Task Completion => _ended.Task;

    /// <summary>How the plugin is told of it.</summary>
    public TransportEvent Opened => _request is not null
        ? TransportEvent.Opened(Listener, Id, Remote, Local, _request)
        : TransportEvent.Opened(Listener, Id, Remote, Local) with { Certificate = Certificate };

    public void Begin(bool isPaused)
    {
        _isPaused = isPaused;
        _resumed = isPaused ? NewSignal() : null;
        _opened = _lastReceived = _owner.Time.GetTimestamp();
        if (!_isClosing && TimeLeft is var left && left < TimeSpan.MaxValue)
        {
            Arm(left);
        }

        _ = ReadAsync();
    }

    public void SetPaused(bool isPaused)
    {
        if (isPaused == _isPaused)
        {
            return;
        }

        _isPaused = isPaused;
        if (isPaused)
        {
            Volatile.Write(ref _resumed, NewSignal());
            return;
        }

        var resumed = _resumed;
        Volatile.Write(ref _resumed, null);
        resumed?.SetResult();
        while (!_isPaused && !IsClosed && _held is { Count: > 0 } held)
        {
            Deliver(held.Dequeue());
        }
    }

    public void Send(ReadOnlySpan<byte> data)
    {
        if (_isClosing || IsClosed || data.IsEmpty)
        {
            return;
        }

        _hasSent = true;
        _owner.Counters.BytesOut.Add(data.Length);
        var isFull = false;
        var start = false;
        lock (_sending)
        {
            isFull = _queuedBytes > _owner.Limits.MaxQueuedBytes - data.Length;
            if (!isFull)
            {
                var copy = ArrayPool<byte>.Shared.Rent(data.Length);
                data.CopyTo(copy);
                _out.Enqueue((copy, data.Length));
                _queuedBytes += data.Length;
                start = !_isWriting;
                _isWriting = true;
            }
        }

        if (isFull)
        {
            // A peer that does not read costs its own connection, nothing else.
            _owner.Counters.Overflowed.Add(1);
            _owner.Drop(this);
        }
        else if (start)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    public void Close()
    {
        if (_isClosing || IsClosed)
        {
            return;
        }

        _isClosing = true;
        Arm(_owner.Limits.Linger);
        bool start;
        lock (_sending)
        {
            start = !_isWriting;
            _isWriting = true;
        }

        if (start)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    public void Abort()
    {
        IsClosed = true;
        _owner.Io.Loop.Cancel(_deadline);
        if (!_isEnded)
        {
            _channel.Abort(); // after an orderly end it would take back the last words
        }

        Volatile.Read(ref _room)?.TrySetResult();
        Volatile.Read(ref _resumed)?.TrySetResult();
        while (_held is { Count: > 0 } held)
        {
            Return(held.Dequeue());
        }
    }

    /// <summary>Looks after a peer that has been silent. Loop thread only.</summary>
    /// <param name="toPing">Receives the channels that should ask their peers.</param>
    public void KeepAlive(List<WebSocketChannel> toPing)
    {
        // While nothing is read, silence says nothing.
        if (_channel is not WebSocketChannel channel || _isPaused || Volatile.Read(ref _waiting) > 0 || channel.Silence is var silence && silence < WebSocketChannel.PingAfter)
        {
            return;
        }

        if (silence < WebSocketChannel.GoneAfter)
        {
            toPing.Add(channel);
        }
        else
        {
            _owner.Counters.TimedOut.Add(1);
            _owner.Drop(this);
        }
    }

    /// <summary>Ends a connection that was never opened.</summary>
    public void GiveUp()
    {
        Abort();
        _channel.Release();
        _ended.TrySetResult();
    }

    /// <summary>Writes what is queued. Pool thread; one at a time.</summary>
    void IThreadPoolWorkItem.Execute() => _ = WriteAsync();

    private TimeSpan TimeLeft
    {
        get
        {
            var idle = _isStream ? _owner.Limits.Idle - _owner.Time.GetElapsedTime(_lastReceived) : TimeSpan.MaxValue; // a WebSocket is pinged
            var reply = !_hasSent ? _owner.Limits.FirstReply - _owner.Time.GetElapsedTime(_opened) : TimeSpan.MaxValue;
            return _isAccepted && reply < idle ? reply : idle;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static void Return(Received received) => ArrayPool<byte>.Shared.Return(received.Buffer!);

    // What a peer or the network can do; anything else is our fault and is seen by the process's handler of unobserved exceptions.
    private static bool IsOfPeer(Exception e) =>
        e is IOException or SocketException or WebSocketException or ObjectDisposedException or AuthenticationException or OperationCanceledException or InvalidOperationException;

    private async Task ReadAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            while (true)
            {
                if (Volatile.Read(ref _resumed) is { } paused)
                {
                    await paused.Task;
                }

                var received = await _channel.ReadAsync();
                if (received.Buffer is null)
                {
                    break;
                }

                var room = Interlocked.Increment(ref _waiting) >= Window ? NewSignal() : null;
                Volatile.Write(ref _room, room);
                _owner.Io.Loop.Post(static s => ((Item)s!).Deliver(), new Item(this, received));
                if (room is not null && Volatile.Read(ref _waiting) >= Window)
                {
                    await room.Task;
                }
            }
        }
        catch (Exception e) when (IsOfPeer(e))
        {
            // The end of the connection says it.
        }
        finally
        {
            _owner.Io.Loop.Post(static s => ((PumpedConnection)s!).OnEnded(), this);
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            while (true)
            {
                (byte[] Buffer, int Length) next;
                lock (_sending)
                {
                    if (!_out.TryDequeue(out next))
                    {
                        if (!_isClosing || _hasClosed)
                        {
                            _isWriting = false;
                            return;
                        }

                        _hasClosed = true;
                    }
                }

                if (next.Buffer is null)
                {
                    await _channel.CloseAsync();
                    continue;
                }

                try
                {
                    await _channel.WriteAsync(next.Buffer.AsMemory(0, next.Length));
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(next.Buffer);
                    lock (_sending)
                    {
                        _queuedBytes -= next.Length;
                    }
                }
            }
        }
        catch (Exception e) when (IsOfPeer(e))
        {
            // The reader finds the channel ended and tells it. Nothing more is written: _isWriting stays.
            _channel.Abort();
        }
    }

    private void Deliver(Received received)
    {
        if (_isPaused && !IsClosed)
        {
            (_held ??= []).Enqueue(received);
            return;
        }

        if (!_isClosing && !IsClosed)
        {
            _lastReceived = _owner.Time.GetTimestamp();
            _owner.Counters.BytesIn.Add(received.Length);
            _owner.Sink.Deliver(TransportEvent.Received(Listener, Id, Remote, Local, received.Buffer.AsMemory(0, received.Length)));
        }

        Return(received);
        if (Interlocked.Decrement(ref _waiting) < Window)
        {
            Interlocked.Exchange(ref _room, null)?.TrySetResult();
        }
    }

    private void OnEnded()
    {
        _isEnded = true;
        _owner.Drop(this);
        _channel.Release();
        _ended.TrySetResult();
    }

    private void Arm(TimeSpan due)
    {
        _owner.Io.Loop.Cancel(_deadline);
        _deadline = _owner.Io.Loop.Schedule(due, static c => ((PumpedConnection)c!).OnDeadline(), this);
    }

    private void OnDeadline()
    {
        if (!_isClosing && (_isPaused || TimeLeft > TimeSpan.Zero))
        {
            var left = _isPaused ? _owner.Limits.FirstReply : TimeLeft;
            if (left < TimeSpan.MaxValue)
            {
                Arm(left);
            }

            return;
        }

        if (!_isClosing)
        {
            _owner.Counters.TimedOut.Add(1);
        }

        _owner.Drop(this);
    }

    private sealed class Item(PumpedConnection connection, Received received)
    {
        public void Deliver() => connection.Deliver(received);
    }
}

/// <summary>The other end of a connection.</summary>
/// <param name="Remote">Its address.</param>
/// <param name="Local">Ours.</param>
/// <param name="IsAccepted">Whether it made the connection.</param>
/// <param name="IsCounted">Whether it counts against the limits of the plugin's own listeners.</param>
/// <param name="Request">The request that opened a WebSocket.</param>
/// <param name="Certificate">What it proved in TLS.</param>
internal sealed record PumpedPeer(IPEndPoint Remote, IPEndPoint Local, bool IsAccepted, bool IsCounted, HttpRequest? Request, PeerCertificate? Certificate);
