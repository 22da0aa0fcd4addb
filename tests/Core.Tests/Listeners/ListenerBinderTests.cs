using System.Net;
using System.Net.Sockets;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Tests.Listeners;

public sealed class ListenerBinderTests
{
    [Fact]
    public void Listeners_of_a_profile_that_leave_the_port_open_get_one_common_port()
    {
        var bound = Bind("udp *:0", "tcp *:0");
        Assert.Equal(bound[0].Info.Local.Port, bound[1].Info.Local.Port);
        Assert.NotEqual(0, bound[0].Info.Local.Port);
        Assert.NotEqual(bound[0].Info.Id, bound[1].Info.Id);
        Dispose(bound);
    }

    [Theory]
    [InlineData("udp")]
    [InlineData("tcp")]
    public void A_place_that_is_taken_is_named_with_the_reason_and_nothing_stays_bound(string transport)
    {
        using var holder = transport == "udp"
            ? new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
            : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        if (transport == "tcp")
        {
            holder.Listen();
        }

        var taken = ((IPEndPoint)holder.LocalEndPoint!).Port;
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var free = ((IPEndPoint)probe.LocalEndPoint!).Port;
        probe.Dispose();
        PlannedListener[] plan = [TransportFixture.Parse($"udp 127.0.0.1:{free}"), TransportFixture.Parse($"{transport} 127.0.0.1:{taken}")];

        Assert.False(ListenerBinder.TryBind(plan, 65536, new IdSource(), out var bound, out var error));

        Assert.Equal($"listener main-{transport}: cannot bind {transport} 127.0.0.1:{taken}: another program listens there (address already in use)", error);
        Assert.Empty(bound);
        Dispose(Bind($"udp 127.0.0.1:{free}"));
    }

    [Fact]
    public void An_address_of_another_machine_is_named()
    {
        Assert.False(ListenerBinder.TryBind([TransportFixture.Parse("udp 203.0.113.1:0")], 65536, new IdSource(), out _, out var error));
        Assert.Equal("listener main-udp: cannot bind udp 203.0.113.1:0: this machine has no such address", error);
    }

    [Fact]
    public void A_restart_rebinds_at_once_although_connections_linger()
    {
        int port;
        using (var first = new TransportFixture { On = static (f, e) => f.Transports.Close(e.Connection) })
        {
            port = first.Tcp.Port;
            using var client = first.Dial();
            client.Send("x"u8);
            Assert.Equal(0, TransportFixture.Drain(client)); // we closed first, so the wait of the old connection is ours
            client.Close();
            first.Next(Abstractions.TransportEventKind.Closed);
        }

        Dispose(Bind($"tcp 127.0.0.1:{port}", $"udp 127.0.0.1:{port}"));
    }

    private static IReadOnlyList<BoundListener> Bind(params string[] plan)
    {
        Assert.True(ListenerBinder.TryBind([.. plan.Select(TransportFixture.Parse)], 65536, new IdSource(), out var bound, out var error), error);
        return bound;
    }

    private static void Dispose(IReadOnlyList<BoundListener> bound)
    {
        foreach (var one in bound)
        {
            one.Dispose();
        }
    }
}
