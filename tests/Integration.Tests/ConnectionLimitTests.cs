using System.Net;
using System.Net.Sockets;
using System.Text;

namespace XSwitchEngine.Integration.Tests;

/// <summary>How many connections strangers may hold, as an operator sets it.</summary>
public sealed class ConnectionLimitTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connections_are_limited_by_source_and_in_all_and_room_is_made_when_one_ends()
    {
        await using var engine = await EngineProcess.StartAsync("--Engine:MaxConnectionsPerSource=3", "--Engine:MaxConnections=5");
        var held = new List<TcpClient>();
        for (var i = 0; i < 3; i++)
        {
            held.Add(Assert.IsType<TcpClient>(await OpenAsync(engine.SipPort, "127.0.0.1")));
        }

        Assert.Null(await OpenAsync(engine.SipPort, "127.0.0.1"));
        held.Add(Assert.IsType<TcpClient>(await OpenAsync(engine.SipPort, "127.0.0.2")));
        held.Add(Assert.IsType<TcpClient>(await OpenAsync(engine.SipPort, "127.0.0.3")));
        Assert.Null(await OpenAsync(engine.SipPort, "127.0.0.4"));

        held[0].Dispose();
        await EngineProcess.UntilAsync(
            async () =>
            {
                using var next = await OpenAsync(engine.SipPort, "127.0.0.1");
                return next is not null;
            },
            "the place of one that ended is free");
        held.ForEach(h => h.Dispose());
    }

    /// <summary>A connection that got an answer, or null when it was closed.</summary>
    private static async Task<TcpClient?> OpenAsync(int port, string from)
    {
        var client = new TcpClient(new IPEndPoint(IPAddress.Parse(from), 0));
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, Cancel);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP {from}:9;branch=z9hG4bK{Guid.NewGuid():N}\r\nMax-Forwards: 70\r\nFrom: <sip:a@127.0.0.1>;tag=a\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {Guid.NewGuid():N}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"), Cancel);
            if (await client.GetStream().ReadAsync(new byte[1], Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(5), Cancel) == 1)
            {
                return client;
            }
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // Closed on arrival.
        }

        client.Dispose();
        return null;
    }
}
