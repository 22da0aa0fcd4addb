using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Listeners;

/// <summary>An accepted connection before it is open: its TLS handshake and the request that makes it a WebSocket, within a bound of time, off the loop.</summary>
internal sealed class SecureAccept(Transports owner, BoundListener listener, Socket socket, PumpedPeer peer)
{
    private const int DrainReads = 64;

    public ListenerInfo Listener { get; } = listener.Info;

    /// <summary>Begins; the owner is told on its loop.</summary>
    public void Start() => _ = RunAsync();

    /// <summary>Ends it at once.</summary>
    public void Abort() => socket.Dispose();

    private async Task RunAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        IMessageChannel? channel = null;
        var known = peer;
        using var bound = new CancellationTokenSource(owner.Limits.Handshake);
        try
        {
            (channel, known) = await OpenAsync(bound.Token);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException or AuthenticationException or ArgumentException or InvalidOperationException)
        {
            // Strangers try everything on such ports; it is counted as refused.
        }

        if (channel is null)
        {
            socket.Dispose();
        }

        owner.Io.Loop.Post(static s => ((Finished)s!).Deliver(), new Finished(owner, this, channel, known));
    }

    private async Task<(IMessageChannel? Channel, PumpedPeer Peer)> OpenAsync(CancellationToken token)
    {
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        SslStream? tls = null;
        if (Listener.Transport is TransportKind.Tls or TransportKind.Wss)
        {
            var clients = Listener.Transport == TransportKind.Tls ? listener.ClientCertificates : ClientCertificates.None;
            stream = tls = new SslStream(stream);
            var isTrusted = false;
            await tls.AuthenticateAsServerAsync((_, hello, _, _) => ValueTask.FromResult(owner.Certificates!.ServerOptions(hello.ServerName, clients, t => isTrusted = t)), null, token);
            if (Listener.Transport == TransportKind.Tls)
            {
                return (new StreamChannel(tls, socket), peer with { Certificate = CertificateStore.Describe(tls.RemoteCertificate, isTrusted) });
            }
        }

        return await UpgradeAsync(stream, tls is not null, token);
    }

    private async Task<(IMessageChannel? Channel, PumpedPeer Peer)> UpgradeAsync(Stream stream, bool isTls, CancellationToken token)
    {
        var buffer = new byte[WebSocketUpgrade.MaxBytes];
        var length = 0;
        int end;
        while ((end = WebSocketUpgrade.EndOf(buffer.AsSpan(0, length))) < 0)
        {
            if (length == buffer.Length)
            {
                await RefuseAsync(stream, WebSocketUpgrade.Refusal("431 Request Header Fields Too Large", $"a request has at most {WebSocketUpgrade.MaxBytes} bytes", ""), token);
                return (null, peer);
            }

            var count = await stream.ReadAsync(buffer.AsMemory(length), token);
            if (count == 0)
            {
                return (null, peer);
            }

            length += count;
        }

        var reply = WebSocketUpgrade.Answer(buffer.AsSpan(0, end), listener.Plan.Spec.Subprotocol, isTls, out var request);
        if (request is null)
        {
            await RefuseAsync(stream, reply, token);
            return (null, peer);
        }

        await stream.WriteAsync(reply, token);
        var subprotocol = listener.Plan.Spec.Subprotocol;
        var pinged = new WebSocketStream(stream, buffer.AsMemory(end, length - end).ToArray(), owner.Time);
        return (WebSocketChannel.Over(pinged, subprotocol, owner.Limits.MaxMessageBytes, socket.Dispose), peer with { Request = request });
    }

    // The reply must not be destroyed by a reset, which unread bytes would cause.
    private async Task RefuseAsync(Stream stream, byte[] reply, CancellationToken token)
    {
        await stream.WriteAsync(reply, token);
        if (stream is SslStream tls)
        {
            await tls.ShutdownAsync();
        }

        socket.Shutdown(SocketShutdown.Send);
        var buffer = new byte[4096];
        for (var i = 0; i < DrainReads && await socket.ReceiveAsync(buffer, token) > 0; i++)
        {
        }
    }

    private sealed record Finished(Transports Owner, SecureAccept Accept, IMessageChannel? Channel, PumpedPeer Peer)
    {
        public void Deliver() => Owner.OnHandshake(Accept, Channel, Peer);
    }
}
