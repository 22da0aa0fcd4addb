using System.Globalization;
using System.Runtime.InteropServices;
using XSwitchEngine.Media.Dtls;
using XSwitchEngine.Media.Srtp;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Io;

/// <summary>What 500 calls leave behind. Descriptors and memory are those of the process, so no other class runs meanwhile.</summary>
[Collection(nameof(WebRtcLeakTests))]
[CollectionDefinition(nameof(WebRtcLeakTests), DisableParallelization = true)]
public sealed partial class WebRtcLeakTests
{
    private const int Batch = 25;

    [Fact]
    public async Task Five_hundred_sessions_with_dtls_leave_no_socket_and_no_native_memory()
    {
        using var bench = new WebRtcBench(loops: 2);
        await CallAsync(bench, 500); // whatever is made once: code, arenas of the allocator, pools
        var (files, resident) = (Descriptors(), ResidentKb());
        await CallAsync(bench, 500);
        Assert.Equal(0, bench.Engine.PlaneStatistics.Sessions);
        Assert.InRange(Descriptors() - files, -10, 10); // the runtime opens and closes some of its own

        // 46 KB of OpenSSL for each of 500 sessions would be 23 MB; heaps keep some slack of their own.
        Assert.InRange(ResidentKb() - resident, int.MinValue, 11 * 1024);
    }

    [Fact]
    public void Two_thousand_handshakes_and_their_srtp_contexts_leave_no_native_memory()
    {
        using var dtls = new OpenSslDtls(DtlsCertificate.Create(DateTimeOffset.UtcNow, [1, 2, 3, 4, 5, 6, 7, 8]));
        void Run(int count)
        {
            for (var i = 0; i < count; i++)
            {
                Assert.True(DtlsWarmUp.Run(dtls));
                SrtpContext.Create(SrtpProfile.Gcm, true, new byte[28])!.Dispose();
                SrtpContext.Create(SrtpProfile.Sha1Tag80, false, new byte[30])!.Dispose();
            }
        }

        Run(200);
        var resident = ResidentKb();
        Run(2000);
        Assert.InRange(ResidentKb() - resident, int.MinValue, 20 * 1024); // both sides kept, it would be 180 MB
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
        if (OperatingSystem.IsLinux())
        {
            _ = malloc_trim(0); // what is free goes back to the system, so that only what is in use is seen
        }

        return !OperatingSystem.IsLinux() ? 0
            : int.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc")]
    private static partial int malloc_trim(nuint pad);
}
