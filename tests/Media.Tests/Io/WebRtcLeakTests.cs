using System.Globalization;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Io;

/// <summary>What 500 calls leave behind.</summary>
public sealed class WebRtcLeakTests
{
    private const int Batch = 25;

    [Fact]
    public async Task Five_hundred_sessions_with_dtls_leave_no_socket_and_no_native_memory()
    {
        using var bench = new WebRtcBench(loops: 2);
        await CallAsync(bench, 100); // whatever is made once
        var (files, resident) = (Descriptors(), ResidentKb());
        await CallAsync(bench, 500);
        Assert.Equal(0, bench.Engine.PlaneStatistics.Sessions);
        Assert.Equal(files, Descriptors());

        // 46 KB of OpenSSL a session would be 23 MB; the heap and the allocator keep some slack of their own.
        Assert.InRange(ResidentKb() - resident, int.MinValue, 8 * 1024);
    }

    private static async Task CallAsync(WebRtcBench bench, int sessions)
    {
        for (var done = 0; done < sessions; done += Batch)
        {
            var peers = Enumerable.Range(0, Batch).Select(_ => new WebRtcPeer(new WebRtcPeerOptions { Codecs = [AudioCodec.Pcmu] })).ToArray();
            var opened = Array.ConvertAll(peers, p => bench.Answer(p));
            foreach (var peer in peers)
            {
                await peer.ConnectedAsync(WebRtcBench.Limit);
            }

            foreach (var (peer, session) in peers.Zip(opened))
            {
                bench.Engine.Close(session);
                peer.Dispose();
            }

            bench.Events.Clear();
        }

        // The loops obey in their time; a session opened behind them tells that they have.
        using var last = new WebRtcPeer(new WebRtcPeerOptions { Codecs = [AudioCodec.Pcmu] });
        var marker = bench.Answer(last);
        await last.ConnectedAsync(WebRtcBench.Limit);
        bench.Engine.Close(marker);
        await Task.Delay(300, WebRtcBench.Limit);
    }

    private static int Descriptors()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return OperatingSystem.IsLinux() ? Directory.GetFiles("/proc/self/fd").Length : 0;
    }

    private static int ResidentKb()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return !OperatingSystem.IsLinux() ? 0
            : int.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
