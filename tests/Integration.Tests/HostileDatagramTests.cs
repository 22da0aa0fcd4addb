using System.Net;
using System.Net.Sockets;

namespace XSwitchEngine.Integration.Tests;

/// <summary>Row S-03 of the security plan: malformed datagrams to every UDP port of an engine in use.</summary>
public sealed class HostileDatagramTests
{
    [Fact]
    public async Task S_03_after_every_malformed_datagram_to_every_port_calls_go_on_and_new_ones_work()
    {
        await using var engine = await EngineProcess.StartAsync();
        await using var page = await VertoPage.LogInAsync(engine, "1000");
        await page.CallAsync("9196");
        await using var phone = Sipp.Start(engine, "call", "1001", "9196", "-d", "15000", "-key", "media_port_key", "40000");
        await EngineProcess.UntilAsync(async () => await engine.ChannelsAsync() == 2, "both calls are up");
        var rtp = (await Scenes.VariablesAsync(engine, "local_media_port")).Select(int.Parse).Where(p => p > 0).ToArray();
        IPEndPoint[] ports = [new(IPAddress.Loopback, engine.SipPort), page.Peer.Remote!.Candidate!, .. rtp.Select(p => new IPEndPoint(IPAddress.Loopback, p)), .. rtp.Select(p => new IPEndPoint(IPAddress.Loopback, p + 1))];
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        stranger.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        foreach (var datagram in Datagrams())
        {
            foreach (var port in ports)
            {
                try
                {
                    stranger.SendTo(datagram, port);
                }
                catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
                {
                    // a port without a listener, such as that of RTCP beside a muxed one
                }
            }
        }

        var before = page.Peer.Received;
        await page.Peer.SendToneAsync(440, frames: 50, TestContext.Current.CancellationToken);
        await EngineProcess.UntilAsync(() => Task.FromResult(page.Peer.Received >= before + 50), "the page still has its echo", seconds: 5);
        Assert.Equal(2, await engine.ChannelsAsync());
        await using var fresh = Sipp.Start(engine, "call", "1002", "9196", "-d", "50", "-key", "media_port_key", "40002");
        await fresh.SucceedsAsync();
        await using var another = await VertoPage.LogInAsync(engine, "1003");
        await another.CallAsync("9196");
        await another.HangUpAsync();
        await page.HangUpAsync();
        await phone.SucceedsAsync();
        await Scenes.NothingLeftAsync(engine);
        using var http = new HttpClient { BaseAddress = engine.Http };
        var metrics = await http.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(0, Scenes.Value(metrics, "xswitch_plugin_faults_total"));
        Assert.Equal(0, Scenes.Value(metrics, "xswitch_core_faults_total"));
        Assert.DoesNotContain("[ERR]", engine.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("[CRIT]", engine.Output, StringComparison.Ordinal);
    }

    /// <summary>The messages of RFC 4475 and RFC 5118, and beginnings, mutations and random bytes in the shape of each protocol on a media port.</summary>
    private static IEnumerable<byte[]> Datagrams()
    {
        var random = new Random(4475);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repo.Root, "tests", "Conformance.Tests", "vectors"), "*.dat", SearchOption.AllDirectories).Order())
        {
            var whole = File.ReadAllBytes(file);
            if (whole.Length < 65_000)
            {
                yield return whole;
                yield return whole[..random.Next(whole.Length)];
                var changed = whole.ToArray();
                for (var i = 0; i < 8 && changed.Length > 0; i++)
                {
                    changed[random.Next(changed.Length)] = (byte)random.Next(256);
                }

                yield return changed;
            }
        }

        yield return [];
        byte[] starts = [0, 1, 2, 3, 20, 22, 23, 25, 63, 64, 79, 128, 129, 144, 191, 192, 255];
        foreach (var start in starts)
        {
            foreach (var length in (int[])[1, 2, 3, 4, 8, 11, 12, 13, 19, 20, 28, 64, 200, 1200, 1500, 9000])
            {
                var packet = new byte[length];
                random.NextBytes(packet);
                packet[0] = start;
                yield return packet;
                if (length > 20)
                {
                    (packet[4], packet[5], packet[6], packet[7]) = (0x21, 0x12, 0xA4, 0x42);    // STUN's cookie
                    yield return packet;
                }
            }
        }
    }
}
