using System.Buffers.Binary;
using System.Runtime.InteropServices;
using XSwitchEngine.Media;
using XSwitchEngine.Media.Codecs;
using XSwitchEngine.Media.Dtls;
using XSwitchEngine.Media.Srtp;

namespace XSwitchEngine.Benchmarks;

/// <summary>CPU of the calling thread for a protected packet, a DTLS handshake, and a call between G.711 and Opus; the best of several batches, since the machine is not ours alone.</summary>
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
        Transcoding();
        return 0;
    }

    /// <summary>A call between G.711 and Opus: both directions decoded and encoded at 8 kHz, as a bridge does in each 20 ms.</summary>
    private static void Transcoding()
    {
        const int Rate = 8000;
        const int Frames = 500;
        var (pcmu, opus) = (new CodecOption(AudioCodec.Pcmu, Rate), new CodecOption(AudioCodec.Opus, 48000));
        if (AudioEncoder.Create(opus, Rate) is not { } encoder || AudioDecoder.Create(opus, Rate) is not { } decoder)
        {
            Console.WriteLine("PCMU <-> Opus: libopus.so.0 is not here");
            return;
        }

        var (fromPhone, toPhone) = (AudioDecoder.Create(pcmu, Rate)!, AudioEncoder.Create(pcmu, Rate)!);
        var random = new Random(1);
        var (voice, samples, g711, packet) = (new short[Rate / 50], new short[Rate / 50], new byte[Rate / 50], new byte[1500]);
        var best = double.MaxValue;
        for (var batch = 0; batch < Batches; batch++)
        {
            var start = Now();
            for (var frame = 0; frame < Frames; frame++)
            {
                for (var i = 0; i < voice.Length; i++)
                {
                    voice[i] = (short)((8000 * Math.Sin((frame + 1) * i * 0.05)) + random.Next(-800, 800));
                }

                _ = toPhone.Encode(voice, g711);
                _ = fromPhone.Decode(g711, samples);
                var length = encoder.Encode(samples, packet);
                _ = decoder.Decode(packet.AsSpan(0, length), samples);
                _ = toPhone.Encode(samples, g711);
            }

            best = Math.Min(best, (Now() - start) / Frames);
        }

        encoder.Release();
        decoder.Release();
        Console.WriteLine($"PCMU <-> Opus: {best / 1e3:F1} us CPU for 20 ms of a call, {20e6 / best:F0} calls a core");
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
