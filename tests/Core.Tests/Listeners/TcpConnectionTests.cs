using System.Net;
using System.Net.Sockets;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Tests.Listeners;

public sealed class TcpConnectionTests
{
    public static TheoryData<string> Pollers => ["best", "select"];

    [Theory]
    [MemberData(nameof(Pollers))]
    public void A_connection_opens_carries_bytes_both_ways_and_closes(string poller)
    {
        using var fixture = new TransportFixture(poller);
        using var client = fixture.Dial();
        client.Send("abc"u8);
        Assert.Equal("abc", TransportFixture.Read(client, 3));
        var opened = fixture.Next(TransportEventKind.Opened);
        var data = fixture.Next(TransportEventKind.Data);
        client.Close();
        var closed = fixture.Next(TransportEventKind.Closed);

        Assert.Equal((fixture.Tcp, true), (opened.Local, opened.Remote is { Port: > 0 }));
        Assert.Equal((opened.Connection, opened.Connection), (data.Connection, closed.Connection));
        Assert.Equal(0, fixture.Transports.Counters.Connections.Value);
    }

    [Theory]
    [MemberData(nameof(Pollers))]
    public void Megabytes_come_through_in_order(string poller)
    {
        const int Size = 4 << 20;
        using var fixture = new TransportFixture(poller, new ConnectionLimits { MaxQueuedBytes = 8 << 20 });
        using var client = fixture.Dial();
        var sent = new byte[Size];
        new Random(1).NextBytes(sent);
        var writer = new Thread(() => client.Send(sent));
        writer.Start();
        var received = new byte[Size];
        for (var got = 0; got < Size;)
        {
            got += client.Receive(received, got, Size - got, SocketFlags.None);
        }

        writer.Join();
        Assert.True(sent.AsSpan().SequenceEqual(received));
    }

    [Theory]
    [MemberData(nameof(Pollers))]
    public void Closing_sends_first_what_is_queued(string poller)
    {
        const int Size = 3 << 20;
        using var fixture = new TransportFixture(poller, new ConnectionLimits { MaxQueuedBytes = Size })
        {
            On = static (f, e) =>
            {
                if (e.Kind == TransportEventKind.Data)
                {
                    f.Transports.Send(e.Connection, new byte[Size]);
                    f.Transports.Close(e.Connection);
                    f.Transports.Close(e.Connection);
                    f.Transports.Send(e.Connection, "too late"u8);
                }
            },
        };
        using var client = fixture.Dial();
        client.Send(new byte[100_000]);

        // Our unread bytes must not make a reset of the goodbye.
        Assert.Equal(Size, TransportFixture.Drain(client));
        client.Close();
        Assert.Equal(TransportEventKind.Closed, fixture.Next(TransportEventKind.Closed).Kind);
        Assert.Single(fixture.Events.Prepend(default), e => e.Kind == TransportEventKind.None);
    }

    [Fact]
    public void A_peer_that_does_not_read_loses_its_own_connection_only()
    {
        using var fixture = new TransportFixture(limits: new ConnectionLimits { MaxQueuedBytes = 64 * 1024 })
        {
            On = static (f, e) =>
            {
                if (e.Kind == TransportEventKind.Data && e.Data.Span[0] == 'f')
                {
                    for (var i = 0; i < 1000; i++)
                    {
                        f.Transports.Send(e.Connection, new byte[16 * 1024]);
                    }
                }
                else
                {
                    f.Echo(e);
                }
            },
        };
        using var greedy = fixture.Dial();
        using var good = fixture.Dial();
        greedy.Send("flood"u8);

        fixture.Next(TransportEventKind.Closed);

        Assert.Equal(1, fixture.Transports.Counters.Overflowed.Value);
        good.Send("ok"u8);
        Assert.Equal("ok", TransportFixture.Read(good, 2));
    }

    [Fact]
    public void Connections_above_the_caps_are_closed_and_accepting_goes_on()
    {
        using var fixture = new TransportFixture(limits: new ConnectionLimits { MaxPerAddress = 5, MaxConnections = 100 });
        var kept = Enumerable.Range(0, 5).Select(_ => fixture.Dial()).ToList();
        for (var i = 0; i < 5; i++)
        {
            fixture.Next(TransportEventKind.Opened);
        }

        for (var i = 0; i < 20; i++)
        {
            using var refused = fixture.Dial();
            Assert.Equal(0, TransportFixture.Drain(refused));
        }

        Assert.Equal((5, 20), (fixture.Transports.Counters.Connections.Value, fixture.Transports.Counters.Refused.Value));

        // Another address is not concerned.
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
        other.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.9"), 0));
        other.Connect(fixture.Tcp);
        other.Send("me"u8);
        Assert.Equal("me", TransportFixture.Read(other, 2));

        // When one goes, another may come.
        kept[0].Close();
        fixture.Next(TransportEventKind.Closed);
        using var late = fixture.Dial();
        late.Send("in"u8);
        Assert.Equal("in", TransportFixture.Read(late, 2));
        kept.ForEach(static s => s.Dispose());
    }

    [Fact]
    public void The_total_cap_holds_over_all_addresses()
    {
        using var fixture = new TransportFixture(limits: new ConnectionLimits { MaxConnections = 3 });
        using var a = fixture.Dial();
        using var b = fixture.Dial();
        using var c = fixture.Dial();
        for (var i = 0; i < 3; i++)
        {
            fixture.Next(TransportEventKind.Opened);
        }

        using var d = fixture.Dial();
        Assert.Equal(0, TransportFixture.Drain(d));
        a.Send("a"u8);
        Assert.Equal("a", TransportFixture.Read(a, 1));
    }

    /// <summary>Who connects and says nothing, or drips bytes that never make a message, is put out; who gets an answer stays.</summary>
    [Fact]
    public void Silent_and_dripping_peers_are_put_out_and_served_ones_stay()
    {
        using var fixture = new TransportFixture(limits: new ConnectionLimits { FirstReply = TimeSpan.FromMilliseconds(300) })
        {
            On = static (f, e) =>
            {
                if (e.Kind == TransportEventKind.Data && e.Data.Span.Contains((byte)'\n'))
                {
                    f.Echo(e);
                }
            },
        };
        using var served = fixture.Dial();
        served.Send("hi\n"u8);
        Assert.Equal("hi\n", TransportFixture.Read(served, 3));
        using var silent = fixture.Dial();
        using var dripping = fixture.Dial();
        var isOut = false;
        var drip = new Thread(() =>
        {
            try
            {
                while (!Volatile.Read(ref isOut))
                {
                    dripping.Send("x"u8);
                    Thread.Yield();
                }
            }
            catch (SocketException)
            {
                // Put out.
            }
        });
        drip.Start();

        Assert.Equal(0, TransportFixture.Drain(silent));
        Assert.Equal(0, TransportFixture.Drain(dripping));
        Volatile.Write(ref isOut, true);
        drip.Join();
        fixture.Next(TransportEventKind.Closed);
        fixture.Next(TransportEventKind.Closed);
        Assert.Equal(2, fixture.Transports.Counters.TimedOut.Value);
        served.Send("still\n"u8);
        Assert.Equal("still\n", TransportFixture.Read(served, 6));
    }

    [Fact]
    public void An_idle_connection_ends_and_the_plugin_is_told()
    {
        using var fixture = new TransportFixture(limits: new ConnectionLimits { Idle = TimeSpan.FromMilliseconds(200) });
        using var client = fixture.Dial();
        client.Send("x"u8);
        Assert.Equal(1, TransportFixture.Drain(client));
        Assert.Equal(fixture.Next(TransportEventKind.Opened).Connection, fixture.Next(TransportEventKind.Closed).Connection);
    }

    [Fact]
    public void A_closed_connection_whose_peer_does_not_close_goes_after_its_time()
    {
        using var fixture = new TransportFixture(limits: new ConnectionLimits { Linger = TimeSpan.FromMilliseconds(200) })
        {
            On = static (f, e) =>
            {
                if (e.Kind == TransportEventKind.Data)
                {
                    f.Transports.Close(e.Connection);
                }
            },
        };
        using var client = fixture.Dial();
        client.Send("x"u8);
        fixture.Next(TransportEventKind.Closed);
        Assert.Equal(0, fixture.Transports.Counters.TimedOut.Value);
    }

    [Theory]
    [MemberData(nameof(Pollers))]
    public void Outbound_connections_open_or_report_that_they_cannot(string poller)
    {
        using var fixture = new TransportFixture(poller);
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var reachable = (IPEndPoint)server.LocalEndpoint;
        ConnectionId good = default, bad = default, wrong = default;
        fixture.OnLoop(() =>
        {
            var (udp, tcp) = (fixture.Bound[0].Info.Id, fixture.Bound[1].Info.Id);
            good = fixture.Transports.NextConnectionId();
            fixture.Transports.Connect(good, tcp, reachable, null);
            wrong = fixture.Transports.NextConnectionId();
            fixture.Transports.Connect(wrong, udp, reachable, null);
        });
        using var accepted = server.AcceptSocket();
        accepted.ReceiveTimeout = 20_000;
        var closed = fixture.Next(TransportEventKind.Closed);
        Assert.Equal(wrong, closed.Connection);
        SpinWait.SpinUntil(() => fixture.Transports.Counters.Connections.Value == 1, TimeSpan.FromSeconds(20));
        fixture.OnLoop(() => fixture.Transports.Send(good, "out"u8));
        Assert.Equal("out", TransportFixture.Read(accepted, 3));

        accepted.Close();
        Assert.Equal(good, fixture.Next(TransportEventKind.Closed).Connection);
        server.Stop();
        fixture.OnLoop(() =>
        {
            bad = fixture.Transports.NextConnectionId();
            fixture.Transports.Connect(bad, fixture.Bound[1].Info.Id, reachable, null);
        });
        Assert.Equal(bad, fixture.Next(TransportEventKind.Closed).Connection);
    }

    [Fact]
    public void A_connection_attempt_can_be_given_up()
    {
        using var fixture = new TransportFixture(limits: new ConnectionLimits { Connect = TimeSpan.FromHours(1) });
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        var attempts = new List<ConnectionId>();
        fixture.OnLoop(() =>
        {
            // A backlog of none is full after a few; the others hang.
            for (var i = 0; i < 8; i++)
            {
                attempts.Add(fixture.Transports.NextConnectionId());
                fixture.Transports.Connect(attempts[^1], fixture.Bound[1].Info.Id, (IPEndPoint)full.LocalEndPoint!, null);
            }
        });
        fixture.OnLoop(() => attempts.ForEach(fixture.Transports.Close));

        var closed = new HashSet<ConnectionId>();
        while (closed.Count < attempts.Count)
        {
            var e = fixture.Next(TransportEventKind.Closed);
            Assert.True(closed.Add(e.Connection));
        }
    }

    [Theory]
    [MemberData(nameof(Pollers))]
    public void While_paused_a_stream_waits_and_loses_nothing(string poller)
    {
        using var fixture = new TransportFixture(poller);
        using var client = fixture.Dial();
        client.Send("a"u8);
        Assert.Equal("a", TransportFixture.Read(client, 1));
        fixture.OnLoop(() => fixture.Transports.IsPaused = true);
        client.Send("bcd"u8);
        fixture.OnLoop(static () => { });

        fixture.OnLoop(() => fixture.Transports.IsPaused = false);

        Assert.Equal("bcd", TransportFixture.Read(client, 3));
    }

    [Fact]
    public void The_send_queue_keeps_order_within_its_bound()
    {
        var queue = new SendQueue(10_000);
        var random = new Random(5);
        var expected = new Queue<byte>();
        for (var i = 0; i < 20_000; i++)
        {
            var data = new byte[random.Next(0, 700)];
            random.NextBytes(data);
            if (queue.TryAdd(data))
            {
                Array.ForEach(data, expected.Enqueue);
            }
            else
            {
                Assert.True(queue.Length + data.Length > 10_000);
            }

            var count = random.Next(0, Math.Min(700, queue.Length) + 1);
            foreach (var b in queue.Pending[..count])
            {
                Assert.Equal(expected.Dequeue(), b);
            }

            queue.Consume(count);
            Assert.Equal(expected.Count, queue.Length);
        }

        queue.Clear();
        Assert.Equal(0, queue.Length);
    }
}
