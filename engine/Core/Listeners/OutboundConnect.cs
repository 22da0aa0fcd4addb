using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Listeners;

/// <summary>An outbound connection that is being made.</summary>
#pragma warning disable CA1001 // the source is disposed when the attempt ends, which it always does within its time
internal sealed class OutboundConnect(Transports owner, ConnectionId connection, ListenerId listener, string? serverName)
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _cancellation = new();

    public ConnectionId Connection { get; } = connection;

    public ListenerId Listener { get; } = listener;

    /// <summary>Whether the peer has to prove its name.</summary>
    public bool IsVerified => serverName is { Length: > 0 };

    /// <summary>Whether the plugin gave it up; it may have succeeded at the same moment. Loop thread only.</summary>
    public bool IsCancelled { get; private set; }

    /// <summary>Begins; the owner is told on its loop, within the limit of time.</summary>
    /// <param name="from">The local address, or null for the system's choice.</param>
    /// <param name="to">The peer.</param>
    public void Start(IPAddress? from, IPEndPoint to)
    {
        _cancellation.CancelAfter(owner.Limits.Connect);
        _ = RunAsync(from, to, _cancellation.Token);
    }

    /// <summary>Gives it up. Loop thread only.</summary>
    public void Cancel()
    {
        IsCancelled = true;
        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended by itself; its result is on the way.
        }
    }

    private async Task RunAsync(IPAddress? from, IPEndPoint to, CancellationToken token)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Socket? socket = null;
        SslStream? stream = null;
        try
        {
            socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (from is not null)
            {
                socket.Bind(new IPEndPoint(from, 0));
            }

            await socket.ConnectAsync(to, token);
            if (serverName is not null)
            {
                TcpConnection.Configure(socket);
                stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
                await stream.AuthenticateAsClientAsync(owner.Certificates!.ClientOptions(serverName), token);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException or ArgumentException or IOException or AuthenticationException)
        {
            // A certificate that does not prove the name is one reason.
            stream?.Dispose();
            socket?.Dispose();
            (socket, stream) = (null, null);
        }

        _cancellation.Dispose();
        owner.Io.Loop.Post(static s => ((Finished)s!).Deliver(), new Finished(owner, this, socket, stream));
    }

    private sealed record Finished(Transports Owner, OutboundConnect Pending, Socket? Socket, SslStream? Stream)
    {
        public void Deliver() => Owner.OnConnected(Pending, Socket, Stream);
    }
}
