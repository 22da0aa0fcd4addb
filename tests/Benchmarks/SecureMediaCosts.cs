using System.Buffers.Binary;
using System.Runtime.InteropServices;
using XSwitchEngine.Media;
using XSwitchEngine.Media.Dtls;
using XSwitchEngine.Media.Srtp;

namespace XSwitchEngine.Benchmarks;

/// <summary>CPU of the calling thread for a protected packet and for a DTLS handshake; the best of several batches, since the machine is not ours alone.</summary>
public static unsafe partial class SecureMediaCosts
{
    private const int ThreadCpuClock = 3;
    private const int Batches = 15;
    private const int Packets = 20_000;
    private const int Handshakes = 50;

    /// <summary>Runs and prints one line for each.</summary>
    public static int Run()
    {
        foreach (var portable in (bool[])[false, true])
        {
            foreach (var profile in (SrtpProfile[])[SrtpProfile.Gcm, SrtpProfile.Sha1Tag80])
            {
                foreach (var length in (int[])[172, 1200])
                {
                    Packet(profile, length, portable);
                }
            }
        }

        var certificate = DtlsCertificate.Create(DateTimeOffset.UtcNow, [1, 2, 3, 4, 5, 6, 7, 8]);
        using var dtls = new OpenSslDtls(certificate);
        _ = DtlsWarmUp.Run(dtls);
        var (best, longest) = (double.MaxValue, double.MaxValue);
        for (var batch = 0; batch < Batches; batch++)
        {
            var (sum, most) = (0.0, 0.0);
            for (var i = 0; i < Handshakes; i++)
            {
                var (all, one) = Handshake(dtls);
                sum += all;
                most += one;
            }

            best = Math.Min(best, sum / Handshakes);
            longest = Math.Min(longest, most / Handshakes);
        }

        Console.WriteLine($"DTLS handshake, server side: {best / 1e6:F3} ms CPU, longest single message {longest / 1e6:F3} ms");
        return 0;
    }

    private static void Packet(SrtpProfile profile, int length, bool portable)
    {
        var key = new byte[16 + profile.SaltLength()];
        using var sender = SrtpContext.Create(profile, sends: true, key, portable)!;
        using var receiver = SrtpContext.Create(profile, sends: false, key, portable)!;
        var (packet, wire) = (new byte[length], new byte[length + SrtpContext.Overhead]);
        packet[0] = 0x80;
        var (protect, both) = (double.MaxValue, double.MaxValue);
        ushort sequence = 0;
        for (var batch = 0; batch < Batches; batch++)
        {
            var start = Now();
            for (var i = 0; i < Packets; i++)
            {
                BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), sequence++);
                _ = sender.ProtectRtp(packet, wire);
            }

            protect = Math.Min(protect, (Now() - start) / Packets);
            start = Now();
            for (var i = 0; i < Packets; i++)
            {
                BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), sequence++);
                if (!receiver.UnprotectRtp(wire.AsSpan(0, sender.ProtectRtp(packet, wire)), out _))
                {
                    throw new InvalidOperationException("a good packet was refused");
                }
            }

            both = Math.Min(both, (Now() - start) / Packets);
        }

        Console.WriteLine($"SRTP {profile} {(portable ? "base library" : "libcrypto")} {length} B: protect {protect:F0} ns, unprotect {both - protect:F0} ns");
    }

    private static (double All, double Longest) Handshake(OpenSslDtls dtls)
    {
        var (toServer, toClient) = (new Pipe(), new Pipe());
        using var server = dtls.Create(DtlsRole.Server, toClient);
        using var client = dtls.Create(DtlsRole.Client, toServer);
        server.Start(0);
        client.Start(0);
        var (sum, longest) = (0.0, 0.0);
        while (server.State == DtlsState.Handshaking || client.State == DtlsState.Handshaking)
        {
            while (toServer.Datagrams.TryDequeue(out var datagram))
            {
                var start = Now();
                server.Receive(datagram, 1);
                var took = Now() - start;
                sum += took;
                longest = Math.Max(longest, took);
            }

            while (toClient.Datagrams.TryDequeue(out var datagram))
            {
                client.Receive(datagram, 1);
            }
        }

        return (sum, longest);
    }

    private static double Now()
    {
        var time = stackalloc long[2];
        _ = clock_gettime(ThreadCpuClock, time);
        return (time[0] * 1e9) + time[1];
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, long* time);

    private sealed class Pipe : IDtlsOutput
    {
        public Queue<byte[]> Datagrams { get; } = new();

        public void SendDtls(ReadOnlySpan<byte> datagram) => Datagrams.Enqueue(datagram.ToArray());

        public void WakeDtls()
        {
            // One thread.
        }
    }
}
