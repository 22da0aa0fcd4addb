using System.Net.Sockets;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Listeners;

/// <summary>A TCP listener: accepts within the limits, closes what is above them.</summary>
internal sealed class StreamListener : IPollTarget, IDisposable
{
    private const int AcceptsPerTurn = 16;
    private static readonly TimeSpan RestWhenExhausted = TimeSpan.FromMilliseconds(200);

    private readonly Transports _owner;
    private readonly Socket _socket;
    private readonly long _handle;
    private bool _isPaused;
    private bool _isResting;
    private bool _isDisposed;

    public StreamListener(Transports owner, ListenerInfo info, Socket socket)
    {
        _owner = owner;
        _socket = socket;
        Info = info;
        _handle = owner.Io.Poller.Add(socket, this, PollInterest.Read);
    }

    public ListenerInfo Info { get; }

    public void SetPaused(bool isPaused)
    {
        _isPaused = isPaused;
        Update();
    }

    public void OnReady(bool readable, bool writable)
    {
        for (var i = 0; i < AcceptsPerTurn && !_isDisposed && !_isPaused && !_isResting && _socket.Poll(0, SelectMode.SelectRead); i++)
        {
            Accept();
        }
    }

    public void Dispose()
    {
        _isDisposed = true;
        _owner.Io.Poller.Remove(_handle);
        _socket.Dispose();
    }

    private void Accept()
    {
        Socket accepted;
        try
        {
            accepted = _socket.Accept();
        }
        catch (SocketException e)
        {
            if (e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
            {
                // The process is out of descriptors: the connection stays in the backlog; without a rest the loop would spin on it.
                Rest();
            }

            // Else the peer gave up before we came.
            return;
        }

        _owner.OnAccepted(this, accepted);
    }

    private void Rest()
    {
        _isResting = true;
        Update();
        _owner.Io.Loop.Schedule(
            RestWhenExhausted,
            static l =>
            {
                var listener = (StreamListener)l!;
                listener._isResting = false;
                listener.Update();
            },
            this);
    }

    private void Update()
    {
        if (!_isDisposed)
        {
            _owner.Io.Poller.Change(_handle, _isPaused || _isResting ? PollInterest.None : PollInterest.Read);
        }
    }
}
