using System.Net;
using System.Net.Sockets;
using CsCheck;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Tests.Listeners;

public sealed class UdpListenerTests
{
    public static TheoryData<string> Pollers => ["best", "select"];

    [Theory]
    [MemberData(nameof(Pollers))]
    public void Datagrams_are_delivered_with_both_ends_and_answered(string poller)
    {
        using var fixture = new TransportFixture(poller);
        using var client = Client(fixture.Udp);

        client.Send("hello"u8);
        Assert.Equal("hello", Receive(client));

        var e = fixture.Next(TransportEventKind.Datagram);
        Assert.Equal(client.LocalEndPoint, e.Remote);
        Assert.Equal(fixture.Udp, e.Local);
        Assert.Equal("hello"u8, e.Data.Span);
        Assert.Equal(fixture.Bound[0].Info.Id, e.Listener);
    }

    [Theory]
    [MemberData(nameof(Pollers))]
    public void A_wildcard_listener_serves_both_families_and_names_the_address_written_to(string poller)
    {
        using var fixture = new TransportFixture(poller, null, "udp *:0");
        var port = fixture.Udp.Port;
        foreach (var address in (string[])["127.0.0.1", "127.0.0.2", "::1"])
        {
            using var client = Client(new IPEndPoint(IPAddress.Parse(address), port));
            client.Send("x"u8);

            // A connected socket takes an answer only from the address that it wrote to, which is the default one unless epoll is there.
            if (poller == "best" || address != "127.0.0.2")
            {
                Assert.Equal("x", Receive(client));
            }

            var e = fixture.Next(TransportEventKind.Datagram);
            Assert.Equal(new IPEndPoint(IPAddress.Parse(address), port), e.Local);
            Assert.Equal(client.LocalEndPoint, e.Remote);
        }
    }

    [Fact]
    public void An_answer_leaves_from_the_address_that_was_written_to()
    {
        using var fixture = new TransportFixture("best", null, "udp *:0");
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000 };
        client.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        foreach (var address in (string[])["127.0.0.5", "127.0.0.6", "127.0.0.5"])
        {
            var to = new IPEndPoint(IPAddress.Parse(address), fixture.Udp.Port);
            client.SendTo("x"u8, to);
            client.ReceiveFrom(new byte[10], ref from);
            Assert.Equal(to, from);
        }
    }

    [Theory]
    [MemberData(nameof(Pollers))]
    public void Every_size_is_delivered_whole_and_none_stops_the_loop(string poller)
    {
        using var fixture = new TransportFixture(poller);
        using var client = Client(fixture.Udp);
        foreach (var size in (int[])[0, 1, 1472, 1473, 16_384, 65_506, 65_507])
        {
            client.Send(new byte[size]);
            Assert.Equal(size, fixture.Next(TransportEventKind.Datagram).Data.Length);
            Assert.Equal(size, client.Receive(new byte[70_000]));
        }
    }

    [Fact]
    public void Random_bytes_are_delivered_as_they_came()
    {
        using var fixture = new TransportFixture();
        using var client = Client(fixture.Udp);
        Gen.Byte.Array[0, 2000].Sample(
            bytes =>
            {
                client.Send(bytes);
                Assert.Equal(bytes, fixture.Next(TransportEventKind.Datagram).Data.ToArray());
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void A_burst_is_delivered_in_order()
    {
        using var fixture = new TransportFixture { On = static (_, _) => { } };
        using var client = Client(fixture.Udp);
        for (var round = 0; round < 10; round++)
        {
            for (var i = 0; i < 100; i++)
            {
                client.Send(BitConverter.GetBytes(i));
            }

            for (var i = 0; i < 100; i++)
            {
                Assert.Equal(i, BitConverter.ToInt32(fixture.Next(TransportEventKind.Datagram).Data.Span));
            }
        }

        Assert.Equal(1000, fixture.Transports.Counters.DatagramsIn.Value);
    }

    [Theory]
    [MemberData(nameof(Pollers))]
    public void An_answer_that_nobody_takes_does_not_stop_the_loop(string poller)
    {
        using var fixture = new TransportFixture(poller);
        for (var i = 0; i < 20; i++)
        {
            using var gone = Client(fixture.Udp);
            gone.Send("x"u8);
        }

        fixture.OnLoop(() =>
        {
            var udp = fixture.Bound[0].Info.Id;
            fixture.Transports.SendDatagram(udp, new IPEndPoint(IPAddress.Parse("2001:db8::1"), 5060), "x"u8); // not of the socket's family
            fixture.Transports.SendDatagram(udp, new IPEndPoint(IPAddress.Loopback, 0), "x"u8);
            fixture.Transports.SendDatagram(udp, new IPEndPoint(IPAddress.Loopback, 9), new byte[70_000]);
            fixture.Transports.SendDatagram(new ListenerId(999), new IPEndPoint(IPAddress.Loopback, 9), "x"u8);
        });
        Assert.Equal(3, fixture.Transports.Counters.SendErrors.Value);
        using var client = Client(fixture.Udp);
        client.Send("still there"u8);
        Assert.Equal("still there", Receive(client));
    }

    [Theory]
    [MemberData(nameof(Pollers))]
    public void While_paused_datagrams_wait_in_the_kernel(string poller)
    {
        using var fixture = new TransportFixture(poller);
        using var client = Client(fixture.Udp);
        fixture.OnLoop(() => fixture.Transports.IsPaused = true);
        client.Send("1"u8);
        client.Send("2"u8);
        fixture.OnLoop(static () => { });
        Assert.Empty(fixture.Events);

        fixture.OnLoop(() => fixture.Transports.IsPaused = false);

        Assert.Equal("1", Receive(client));
        Assert.Equal("2", Receive(client));
    }

    [Fact]
    public void What_the_kernel_drops_is_counted()
    {
        using var fixture = new TransportFixture();
        using var client = Client(fixture.Udp);
        fixture.OnLoop(() => fixture.Transports.IsPaused = true);
        var datagram = new byte[8192];
        for (var i = 0; i < 2000; i++)
        {
            client.Send(datagram);
        }

        fixture.On = static (_, _) => { };
        fixture.OnLoop(() => fixture.Transports.IsPaused = false);
        for (var i = 0; i < 1000 && fixture.Transports.Counters.DatagramsIn.Value + fixture.Transports.Counters.DatagramsDropped.Value < 2000; i++)
        {
            // The kernel tells with the next datagram that comes through.
            client.Send("x"u8);
            fixture.OnLoop(static () => { });
        }

        if (OperatingSystem.IsLinux())
        {
            Assert.InRange(fixture.Transports.Counters.DatagramsDropped.Value, 1, 2000);
        }
    }

    [Fact]
    public void Peers_are_remembered_within_a_bound()
    {
        var cache = new PeerCache(100);
        for (uint i = 0; i < 10_000; i++)
        {
            var key = PeerKey.FromIPv4(i, 5060);
            var peer = cache.Get(key);
            Assert.Same(peer, cache.Get(key));
            Assert.Same(peer, cache.Find(key));
            Assert.InRange(cache.Count, 1, 200);
        }

        Assert.Null(cache.Find(PeerKey.FromIPv4(1, 5060)));
    }

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::9")]
    [InlineData("fe80::1%3")]
    [InlineData("::")]
    public void An_end_point_survives_its_key(string address)
    {
        var endPoint = new IPEndPoint(IPAddress.Parse(address), 65535);
        Assert.Equal(endPoint, PeerKey.Of(endPoint).ToEndPoint());
        if (endPoint.AddressFamily == AddressFamily.InterNetwork)
        {
            Assert.Equal(endPoint, PeerKey.Of(new IPEndPoint(endPoint.Address.MapToIPv6(), 65535)).ToEndPoint());
        }
    }

    private static Socket Client(IPEndPoint to)
    {
        var socket = new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20_000, SendBufferSize = 1 << 20 };
        socket.Connect(to);
        return socket;
    }

    private static string Receive(Socket socket)
    {
        var buffer = new byte[65536];
        return System.Text.Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
    }
}
