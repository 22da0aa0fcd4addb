using System.Net;
using XSwitchEngine.Media;

namespace XSwitchEngine.Benchmarks;

/// <summary>A media plane alone, for an outside generator: opens and bridges legs, writes their ports to a file, runs until its input ends.</summary>
/// <remarks>
/// Arguments <c>legs=1000 Q=12000 K=8 loops=1 mode=relay|tone|idle|transcode portfile=F</c>: leg i's peer is 127.0.0.1:Q + i mod K. The file has a line
/// for each leg, its number and its RTP port. At the end the counters are printed.
/// </remarks>
public static class MediaRelayHost
{
    /// <summary>Runs what the arguments ask for: <c>media legs=…</c> this, <c>media lock=1 …</c> the lockstep measurement.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string[] args)
    {
        var options = args.Select(a => a.Split('=', 2)).Where(a => a.Length == 2).ToDictionary(a => a[0], a => a[1]);
        return options.ContainsKey("lock") ? MediaLockstep.Run(options) : Run(options);
    }

    /// <summary>Runs until standard input is closed.</summary>
    public static int Run(IReadOnlyDictionary<string, string> options)
    {
        var legs = Number("legs", 200);
        var peers = Number("K", 8);
        var mode = options.GetValueOrDefault("mode", "relay");
        using var engine = new MediaEngine(new MediaEngineOptions
        {
            Events = static _ => { },
            Loops = Number("loops", 1),
            PortStart = Number("P", 20000),
            PortEnd = Number("P", 20000) + 9999,
            Pin = Number("pin", 0) != 0,
            PortableSockets = Number("portable", 0) != 0,
        });
        var sessions = new MediaSession[legs];
        using (var file = new StreamWriter(options.GetValueOrDefault("portfile", "ports.txt")))
        {
            for (var i = 0; i < legs; i++)
            {
                var near = i % 2 == 0 ? default : sessions[i - 1];
                if (!engine.TryOpen(new MediaOpen(IPAddress.Loopback, near, i), out sessions[i], out var error))
                {
                    Console.Error.WriteLine(error);
                    return 1;
                }

                var codec = new CodecOption(mode == "transcode" && i % 2 == 0 ? AudioCodec.Pcma : AudioCodec.Pcmu, 8000);
                var remote = new IPEndPoint(IPAddress.Loopback, Number("Q", 12000) + (i % peers));
                engine.Configure(sessions[i], new AudioStream(codec, MediaDirection.SendRecv, remote, new IPEndPoint(IPAddress.Loopback, 9)));
                if (mode is "relay" or "transcode" && i % 2 == 1)
                {
                    engine.Bridge(sessions[i - 1], sessions[i]);
                }
                else if (mode == "tone")
                {
                    engine.Play(sessions[i], 1, "tone_stream://%(1000,0,1004);loops=-1");
                }

                file.WriteLine($"{i} {sessions[i].RtpPort}");
            }
        }

        Console.WriteLine("READY");
        while (Console.In.ReadLine() is not null)
        {
        }

        var plane = engine.PlaneStatistics;
        Console.WriteLine($"received={plane.PacketsReceived} sent={plane.PacketsSent} dropped={plane.PacketsDropped} backend={plane.Backend} gc0={GC.CollectionCount(0)} bytes={GC.GetTotalAllocatedBytes()}");
        return 0;

        int Number(string name, int otherwise) => options.TryGetValue(name, out var text) && int.TryParse(text, out var value) ? value : otherwise;
    }
}
