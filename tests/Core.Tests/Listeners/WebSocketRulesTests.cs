using System.Text;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Tests.Listeners;

/// <summary>Clients that break RFC 6455 (security row S-17): each loses its own connection, with the status that the RFC names, and memory stays bounded.</summary>
public sealed class WebSocketRulesTests
{
    private static readonly byte[] Ping = RawWebSocket.Frame(0x89, "p"u8);

    public static TheoryData<string, byte[], int> Violations() => new()
    {
        { "unmasked", RawWebSocket.Frame(0x81, "without a mask"u8, isMasked: false), 1002 }, // §5.1
        { "RSV1 without an extension", RawWebSocket.Frame(0xC1, "x"u8), 1002 }, // §5.2; also a permessage-deflate bomb, which is not negotiated
        { "RSV2", RawWebSocket.Frame(0xA1, "x"u8), 1002 },
        { "unknown opcode", RawWebSocket.Frame(0x83, "x"u8), 1002 },
        { "ping of 126 bytes", [0x89, 0x80 | 126, 0, 126, 0, 0, 0, 0, .. new byte[126]], 1002 }, // §5.5
        { "fragmented ping", RawWebSocket.Frame(0x09, "x"u8), 1002 },
        { "continuation of nothing", RawWebSocket.Frame(0x80, "x"u8), 1002 }, // §5.4
        { "new message within a message", [.. RawWebSocket.Frame(0x01, "x"u8), .. RawWebSocket.Frame(0x81, "y"u8)], 1002 },
        { "length with the top bit", [0x81, 0x80 | 127, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1002 },
        { "text that is no UTF-8", RawWebSocket.Frame(0x81, [0xC0, 0x80]), 1007 }, // §8.1
        { "message longer than the bound", RawWebSocket.Frame(0x82, new byte[65537]), 1009 },
    };

    [Theory]
    [MemberData(nameof(Violations))]
    public void A_violation_ends_the_connection_with_its_status(string what, byte[] bytes, int status)
    {
        using var fixture = new TransportFixture(null, "best", null, "ws 127.0.0.1:0");
        using var other = new RawWebSocket(fixture.Bound[0].Info.Local);
        using var client = new RawWebSocket(fixture.Bound[0].Info.Local);
        Assert.StartsWith("HTTP/1.1 101", client.Reply, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", client.Reply, StringComparison.Ordinal); // RFC 6455 §1.3

        client.Send(bytes);

        Assert.True(status == client.ReadClose(), what);
        fixture.Next(TransportEventKind.Closed);
        other.Send(RawWebSocket.Frame(0x81, "alive"u8));
        Assert.Equal("alive", Encoding.ASCII.GetString(other.ReadFrame()!.Value.Payload));
    }

    [Fact]
    public void A_length_that_is_announced_and_never_sent_costs_nothing_and_continuation_without_end_is_cut()
    {
        using var fixture = new TransportFixture(null, "best", null, "ws 127.0.0.1:0");
        using var liar = new RawWebSocket(fixture.Bound[0].Info.Local);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        liar.Send([0x82, 0x80 | 127, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 1, 2, 3]);
        using var endless = new RawWebSocket(fixture.Bound[0].Info.Local);
        endless.Send(RawWebSocket.Frame(0x02, new byte[1000]));
        for (var i = 0; i < 65; i++)
        {
            endless.Send(RawWebSocket.Frame(0x00, new byte[1000]));
        }

        Assert.Equal(1009, endless.ReadClose());
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 4 << 20);
        Assert.DoesNotContain(fixture.Events, static e => e.Kind == TransportEventKind.Data);
    }

    [Fact]
    public void A_flood_of_pings_is_answered_or_held_back_and_hurts_nobody()
    {
        using var fixture = new TransportFixture(null, "best", null, "ws 127.0.0.1:0");
        using var flood = new RawWebSocket(fixture.Bound[0].Info.Local);
        using var other = new RawWebSocket(fixture.Bound[0].Info.Local);
        flood.Socket.Blocking = false;
        byte[] pings = [.. Enumerable.Repeat(Ping, 1000).SelectMany(static p => p)];
        for (var i = 0; i < 2000; i++)
        {
            // It never reads the pongs: when both buffers are full, it is not read any more.
            _ = flood.Socket.Send(pings, System.Net.Sockets.SocketFlags.None, out var error);
            if (error != System.Net.Sockets.SocketError.Success)
            {
                break;
            }
        }

        other.Send(RawWebSocket.Frame(0x81, "alive"u8));
        Assert.Equal("alive", Encoding.ASCII.GetString(other.ReadFrame()!.Value.Payload));
        Assert.DoesNotContain(fixture.Events, static e => e.Kind == TransportEventKind.Data && e.Data.Length != 5);
    }

    [Fact]
    public void A_ping_is_answered_by_the_host_and_a_close_is_returned()
    {
        using var fixture = new TransportFixture(null, "best", null, "ws 127.0.0.1:0");
        using var client = new RawWebSocket(fixture.Bound[0].Info.Local);
        client.Send(Ping);
        var pong = client.ReadFrame()!.Value;
        Assert.Equal((0x8A, "p"), (pong.First, Encoding.ASCII.GetString(pong.Payload)));
        client.Send(RawWebSocket.Frame(0x88, [0x03, 0xE8]));
        Assert.Equal(1000, client.ReadClose());
        fixture.Next(TransportEventKind.Closed);
    }
}
