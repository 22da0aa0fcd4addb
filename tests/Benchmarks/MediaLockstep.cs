using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using XSwitchEngine.Media;
using XSwitchEngine.Media.Dtls;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Sessions;
using XSwitchEngine.Media.Srtp;

namespace XSwitchEngine.Benchmarks;

/// <summary>CPU of one relayed packet with the scheduler left out: fills all sockets, then measures one thread relaying all of it.</summary>
/// <remarks>Arguments <c>legs=1000 reps=300</c>, <c>secure=1</c> for SRTP (AES-GCM) both ways. Prints the 10th percentile and the median in µs of thread CPU time, to set beside the C relay's <c>lock=1</c>.</remarks>
public static unsafe partial class MediaLockstep
{
    private const int ThreadCpuClock = 3;

    /// <summary>Runs and prints one line.</summary>
    public static int Run(IReadOnlyDictionary<string, string> options)
    {
        var legs = options.TryGetValue("legs", out var text) ? int.Parse(text) : 1000;
        var reps = options.TryGetValue("reps", out text) ? int.Parse(text) : 300;
        var secure = options.ContainsKey("secure");
        var key = new SdesKey(1, "AEAD_AES_128_GCM", new byte[28]);
        var protectors = new SrtpContext[legs];
        var io = new EpollIo(0);
        var ports = new PortPool(io, 20000, 29999, 1);
        using var dtls = new OpenSslDtls(DtlsCertificate.Create(DateTimeOffset.UtcNow, [1, 2, 3, 4, 5, 6, 7, 8]));
        var loop = new MediaLoop(new MediaEngineOptions { Events = static _ => { } }, io, ports, dtls, 0, start: false);
        var senders = new Socket[8];
        for (var k = 0; k < senders.Length; k++)
        {
            senders[k] = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 16 << 20 };
            senders[k].Bind(new IPEndPoint(IPAddress.Loopback, 0));
        }

        var targets = new SocketAddress[legs];
        var made = new MediaLeg[legs];
        for (var i = 0; i < legs; i++)
        {
            if (!ports.TryLease(NetAddress.From(IPAddress.Loopback, 0), out var rtp, out var rtcp, out var port, out var error))
            {
                Console.Error.WriteLine(error);
                return 1;
            }

            made[i] = new MediaLeg(new MediaSession(i, 1, port, (ushort)(port + 1)), i, new byte[10]) { RtpPort = rtp, RtcpPort = rtcp };
            targets[i] = new IPEndPoint(IPAddress.Loopback, port).Serialize();
            loop.Post(new MediaCommand(CommandKind.Add, made[i]));
            if (secure)
            {
                protectors[i] = SrtpContext.Create(SrtpProfile.Gcm, sends: true, key.KeyAndSalt)!;
                loop.Post(new MediaCommand(CommandKind.SetTransport, made[i], new TransportParameters { Keys = KeyAgreement.Sdes, LocalKey = key, RemoteKey = key }));
            }

            var remote = (IPEndPoint)senders[i % 8].LocalEndPoint!;
            loop.Post(new MediaCommand(CommandKind.Configure, made[i], new AudioStream(new CodecOption(AudioCodec.Pcmu, 8000), MediaDirection.SendRecv, remote, new IPEndPoint(IPAddress.Loopback, 9))));
            if (i % 2 == 1)
            {
                loop.Post(new MediaCommand(CommandKind.Bridge, made[i - 1], made[i]));
            }

            loop.Wake(); // or the turn would wait for a packet
            loop.Turn();
        }

        var times = new List<double>();
        var packet = new byte[172];
        var buffer = new byte[2048];
        var wire = new byte[2048];
        for (var rep = -20; rep < reps; rep++)
        {
            Array.ForEach(senders, s =>
            {
                while (s.Available > 0)
                {
                    s.Receive(buffer);
                }
            });
            for (var i = 0; i < legs; i++)
            {
                packet[0] = 0x80;
                packet[3] = (byte)(rep + 20);
                packet[2] = (byte)((rep + 20) >> 8);
                packet[8] = (byte)(i >> 8);
                packet[9] = (byte)i;
                var length = secure ? protectors[i].ProtectRtp(packet, wire) : 0;
                senders[i % 8].SendTo(secure ? wire.AsSpan(0, length) : packet, SocketFlags.None, targets[i]);
            }

            var until = loop.Received + legs;
            var start = Now();
            while (loop.Received < until)
            {
                loop.Turn();
            }

            if (rep >= 0)
            {
                times.Add((Now() - start) / 1e3 / legs);
            }
        }

        times.Sort();
        Console.WriteLine($"LOCK C#-epoll{(secure ? " SRTP" : "")} legs={legs} us/pkt cpu min={times[0]:F3} p10={times[reps / 10]:F3} p25={times[reps / 4]:F3} med={times[reps / 2]:F3} sent={loop.Sent} received={loop.Received}");
        return 0;
    }

    private static double Now()
    {
        var time = stackalloc long[2];
        _ = clock_gettime(ThreadCpuClock, time);
        return (time[0] * 1e9) + time[1];
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, long* time);
}
