using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Tests.Listeners;

/// <summary>TLS and WebSocket listeners of their own ports, against the clients of the base class library.</summary>
public sealed class SecureListenerTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task Tls_carries_bytes_both_ways_and_ends_in_order()
    {
        _certificates.Write("wss.pem", "localhost");
        using var store = _certificates.Open();
        using var fixture = new TransportFixture(store, "best", null, "tls 127.0.0.1:0");
        await using var stream = await DialAsync(fixture, "localhost");
        var sent = new byte[300_000];
        Random.Shared.NextBytes(sent);

        var writing = stream.WriteAsync(sent, Cancel).AsTask();
        var received = new byte[sent.Length];
        await stream.ReadExactlyAsync(received, Cancel);
        await writing;

        Assert.Equal(sent, received);
        var opened = fixture.Next(TransportEventKind.Opened);
        Assert.Null(opened.Certificate);
        fixture.OnLoop(() => fixture.Transports.Close(opened.Connection));
        Assert.Equal(0, await stream.ReadAsync(received, Cancel));
        await stream.DisposeAsync();
        Assert.Equal(opened.Connection, fixture.Next(TransportEventKind.Closed).Connection);
    }

    [Fact]
    public async Task A_replaced_file_serves_new_handshakes_and_old_connections_live_on()
    {
        _certificates.Write("wss.pem", "localhost", "old.example.org");
        using var store = _certificates.Open();
        using var fixture = new TransportFixture(store, "best", null, "tls 127.0.0.1:0");
        await using var old = await DialAsync(fixture, "localhost");
        Assert.Equal("CN=localhost", old.RemoteCertificate!.Subject);

        File.WriteAllText(Path.Combine(_certificates.Directory, "wss.pem"), "half a file");
        await Task.Delay(1100, Cancel);
        await using (var still = await DialAsync(fixture, "localhost"))
        {
            Assert.Equal(old.RemoteCertificate.GetCertHashString(), still.RemoteCertificate!.GetCertHashString());
        }

        _certificates.Write("wss.pem", "renewed", "localhost");
        await Task.Delay(1100, Cancel);
        await using var renewed = await DialAsync(fixture, "localhost");

        Assert.Equal("CN=renewed", renewed.RemoteCertificate!.Subject);
        await old.WriteAsync("still here"u8.ToArray(), Cancel);
        var reply = new byte[10];
        await old.ReadExactlyAsync(reply, Cancel);
        Assert.Equal("still here", Encoding.ASCII.GetString(reply));
    }

    [Theory]
    [InlineData("a.example.org", "CN=a.example.org")]
    [InlineData("A.Example.ORG", "CN=a.example.org")]
    [InlineData("x.wild.example.org", "CN=*.wild.example.org")]
    [InlineData("x.y.wild.example.org", "CN=main.example.org")]
    [InlineData("other.example.org", "CN=main.example.org")]
    public async Task The_certificate_is_the_one_for_the_name_that_is_asked_for(string name, string subject)
    {
        _certificates.Write("wss.pem", "main.example.org");
        _certificates.Write("tls/a.pem", "a.example.org");
        _certificates.Write("tls/wild.pem", "*.wild.example.org");
        using var store = _certificates.Open();
        using var fixture = new TransportFixture(store, "best", null, "tls 127.0.0.1:0");

        await using var stream = await DialAsync(fixture, name, verify: false);

        Assert.Equal(subject, stream.RemoteCertificate!.Subject);
    }

    [Fact]
    public async Task A_client_certificate_is_shown_to_the_plugin_with_what_is_true_of_it()
    {
        _certificates.Write("wss.pem", "localhost");
        using var store = _certificates.Open();
        using var fixture = new TransportFixture(store, "best", null, "tls 127.0.0.1:0");
        fixture.Bound[0].ClientCertificates = ClientCertificates.Ask;
        using var client = _certificates.Certificate("trunk.example.org", "sip:example.org");
        using var strangers = new TestCertificates();
        using var stranger = strangers.Certificate("trunk.example.org");

        await using var known = await DialAsync(fixture, "localhost", client: client);
        var certificate = fixture.Next(TransportEventKind.Opened).Certificate!;
        Assert.Equal(("CN=trunk.example.org", true), (certificate.Subject, certificate.IsTrusted));
        Assert.Equal(["trunk.example.org", "sip:example.org"], certificate.Names);
        Assert.Equal(client.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256), certificate.Fingerprint.Replace(":", "", StringComparison.Ordinal));

        await using var unknown = await DialAsync(fixture, "localhost", client: stranger);
        Assert.False(fixture.Next(TransportEventKind.Opened).Certificate!.IsTrusted);
        await using var none = await DialAsync(fixture, "localhost");
        Assert.Null(fixture.Next(TransportEventKind.Opened).Certificate);
    }

    [Fact]
    public async Task Where_a_client_certificate_is_required_none_and_an_unknown_one_are_refused()
    {
        _certificates.Write("wss.pem", "localhost");
        using var store = _certificates.Open();
        using var fixture = new TransportFixture(store, "best", null, "tls 127.0.0.1:0");
        fixture.Bound[0].ClientCertificates = ClientCertificates.Require;
        using var strangers = new TestCertificates();
        using var stranger = strangers.Certificate("x");
        using var client = _certificates.Certificate("x");

        Assert.False(await IsServedAsync(null));
        Assert.False(await IsServedAsync(stranger));
        Assert.True(await IsServedAsync(client));

        async Task<bool> IsServedAsync(X509Certificate2? certificate)
        {
            try
            {
                await using var stream = await DialAsync(fixture, "localhost", client: certificate);
                await stream.WriteAsync("x"u8.ToArray(), Cancel);
                return await stream.ReadAsync(new byte[1], Cancel) == 1;
            }
            catch (Exception e) when (e is IOException or AuthenticationException)
            {
                return false;
            }
        }
    }

    [Theory]
    [InlineData("right.example.org", true)]
    [InlineData("wrong.example.org", false)]
    [InlineData("", true)]
    public void An_outbound_connection_opens_only_to_a_peer_that_proves_the_name(string name, bool isOpened)
    {
        _certificates.Write("wss.pem", "right.example.org");
        using var store = _certificates.Open();
        using var fixture = new TransportFixture(store, "best", null, "tls 127.0.0.1:0");
        ConnectionId id = default;

        fixture.OnLoop(() => fixture.Transports.Connect(id = fixture.Transports.NextConnectionId(), fixture.Bound[0].Info.Id, fixture.At(TransportKind.Tls), name));

        var outcome = Next(fixture, id);
        Assert.Equal(isOpened ? TransportEventKind.Opened : TransportEventKind.Closed, outcome.Kind);
        Assert.True(!isOpened || outcome.Certificate is { Subject: "CN=right.example.org" });
    }

    [Fact]
    public void A_peer_whose_root_is_not_known_is_not_connected_to()
    {
        _certificates.Write("wss.pem", "right.example.org");
        File.Delete(Path.Combine(_certificates.Directory, CertificateStore.RootsName));
        using var store = _certificates.Open();
        using var fixture = new TransportFixture(store, "best", null, "tls 127.0.0.1:0");
        ConnectionId id = default;
        fixture.OnLoop(() => fixture.Transports.Connect(id = fixture.Transports.NextConnectionId(), fixture.Bound[0].Info.Id, fixture.At(TransportKind.Tls), "right.example.org"));
        Assert.Equal(TransportEventKind.Closed, Next(fixture, id).Kind);
    }

    [Theory]
    [InlineData("ws 127.0.0.1:0 sip", false)]
    [InlineData("wss 127.0.0.1:0 sip", true)]
    public async Task A_websocket_carries_whole_messages_under_its_subprotocol(string listener, bool isTls)
    {
        _certificates.Write("wss.pem", "localhost");
        using var store = _certificates.Open();
        using var fixture = new TransportFixture(store, "best", null, listener);
        using var client = new ClientWebSocket();
        client.Options.AddSubProtocol("sip");
        client.Options.SetRequestHeader("Origin", "https://example.org");
        client.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost";
        await client.ConnectAsync(new Uri($"{(isTls ? "wss" : "ws")}://{fixture.Bound[0].Info.Local}/any/path?x=1"), Cancel);
        Assert.Equal("sip", client.SubProtocol);
        var request = fixture.Next(TransportEventKind.Opened).Request!;
        Assert.Equal(("/any/path", "x=1", isTls ? "https" : "http", "https://example.org"), (request.Path, request.Query, request.Scheme, request.Header("origin")));

        var message = Encoding.ASCII.GetBytes(new string('a', 60_000));
        await client.SendAsync(message.AsMemory(0, 10), WebSocketMessageType.Text, false, Cancel);
        await client.SendAsync(message.AsMemory(10), WebSocketMessageType.Text, true, Cancel);

        Assert.Equal(message, (await ReceiveAsync(client)).Message);
        Assert.Equal(60_000, fixture.Next(TransportEventKind.Data).Data.Length);
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
        fixture.Next(TransportEventKind.Closed);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n", "400")] // no subprotocol
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 8\r\n\r\n", "426")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "426")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\n\r\n", "405")]
    [InlineData("GET / HTTP/1.0\r\nHost: a\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", "400")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "400")]
    [InlineData("REGISTER sip:a SIP/2.0\r\nVia: x\r\n\r\n", "400")]
    public void What_is_no_proper_upgrade_is_refused_in_http_and_closed(string request, string status)
    {
        using var fixture = new TransportFixture(null, "best", null, "ws 127.0.0.1:0 sip");
        using var socket = Dial(fixture);
        socket.Send(Encoding.ASCII.GetBytes(request));
        Assert.StartsWith("HTTP/1.1 " + status, ReadAll(socket), StringComparison.Ordinal);
        Assert.Empty(fixture.Events);
    }

    [Fact]
    public void A_request_without_end_is_refused_at_its_bound_and_a_silent_client_is_dropped()
    {
        using var fixture = new TransportFixture(null, "best", new ConnectionLimits { Handshake = TimeSpan.FromMilliseconds(300) }, "ws 127.0.0.1:0");
        using var flood = Dial(fixture);
        flood.Send(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nX: " + new string('x', WebSocketUpgrade.MaxBytes)));
        Assert.StartsWith("HTTP/1.1 431", ReadAll(flood), StringComparison.Ordinal);
        using var silent = Dial(fixture);
        silent.Send("GET / HT"u8);
        Assert.Equal("", ReadAll(silent));
        Assert.Empty(fixture.Events);
    }

    [Fact]
    public void A_message_in_the_same_packet_as_the_request_is_not_lost()
    {
        using var fixture = new TransportFixture(null, "best", null, "ws 127.0.0.1:0");
        using var socket = Dial(fixture);
        socket.Send([.. Encoding.ASCII.GetBytes(RawWebSocket.Request), .. RawWebSocket.Frame(0x81, "first"u8)]);
        Assert.Equal("first", Encoding.ASCII.GetString(fixture.Next(TransportEventKind.Data).Data.Span));
    }

    [Fact]
    public async Task While_a_plugin_is_paused_nothing_is_lost_and_order_is_kept()
    {
        using var fixture = new TransportFixture(null, "best", null, "ws 127.0.0.1:0");
        using var client = new ClientWebSocket();
        await client.ConnectAsync(new Uri($"ws://{fixture.Bound[0].Info.Local}/"), Cancel);
        fixture.Next(TransportEventKind.Opened);
        var sending = Task.Run(
            async () =>
            {
                for (var i = 0; i < 500; i++)
                {
                    await client.SendAsync(Encoding.ASCII.GetBytes($"{i}"), WebSocketMessageType.Text, true, Cancel);
                }
            },
            Cancel);
        for (var i = 0; i < 5; i++)
        {
            fixture.OnLoop(() => fixture.Transports.IsPaused = true);
            await Task.Delay(20, Cancel);
            fixture.OnLoop(() => fixture.Transports.IsPaused = false);
            await Task.Delay(5, Cancel);
        }

        for (var i = 0; i < 500; i++)
        {
            Assert.Equal($"{i}", Encoding.ASCII.GetString((await ReceiveAsync(client)).Message));
        }

        await sending;
    }

    [Fact]
    public void A_peer_that_does_not_read_is_closed_at_the_bound_of_its_queue()
    {
        using var fixture = new TransportFixture(null, "best", new ConnectionLimits { MaxQueuedBytes = 100_000 }, "ws 127.0.0.1:0");
        fixture.On = static (f, e) =>
        {
            for (var i = 0; i < 400 && e.Kind == TransportEventKind.Data; i++)
            {
                f.Transports.Send(e.Connection, new byte[50_000]);
            }
        };
        using var socket = Dial(fixture);
        socket.Send([.. Encoding.ASCII.GetBytes(RawWebSocket.Request), .. RawWebSocket.Frame(0x81, "go"u8)]);
        fixture.Next(TransportEventKind.Closed);
        Assert.Equal(1, fixture.Transports.Counters.Overflowed.Value);
    }

    private static async Task<(byte[] Message, WebSocketMessageType Type)> ReceiveAsync(ClientWebSocket client)
    {
        var buffer = new byte[100_000];
        var length = 0;
        while (true)
        {
            var result = await client.ReceiveAsync(buffer.AsMemory(length), Cancel);
            length += result.Count;
            if (result.EndOfMessage)
            {
                return (buffer[..length], result.MessageType);
            }
        }
    }

    // It connects to itself: the accepted side opens too.
    private static TransportEvent Next(TransportFixture fixture, ConnectionId id)
    {
        while (true)
        {
            Assert.True(fixture.Events.TryTake(out var e, TimeSpan.FromSeconds(20)), "nothing came");
            if (e.Connection == id)
            {
                return e;
            }
        }
    }

    private static Socket Dial(TransportFixture fixture)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000, NoDelay = true };
        socket.Connect(fixture.Bound[0].Info.Local);
        return socket;
    }

    private static string ReadAll(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        int count;
        while ((count = socket.Receive(buffer)) > 0)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    private async Task<SslStream> DialAsync(TransportFixture fixture, string name, bool verify = true, X509Certificate2? client = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(fixture.At(TransportKind.Tls), Cancel);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = name,
            ClientCertificateContext = client is null ? null : SslStreamCertificateContext.Create(client, null, offline: true),
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck },
        };
        options.CertificateChainPolicy.CustomTrustStore.Add(_certificates.Root);
        if (!verify)
        {
#pragma warning disable CA5359 // the test looks at which certificate comes, not whether it is trusted
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        await stream.AuthenticateAsClientAsync(options, Cancel);
        return stream;
    }
}
