using XSwitchEngine.Media.Codecs;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Codecs;

public sealed class OpusTests
{
    [Theory] // RFC 6716 §3.1 table 2 and §3.2: configuration, then the number of frames
    [InlineData(new byte[] { 0x00, 1 }, 480)] // SILK 10 ms, one frame
    [InlineData(new byte[] { 0x08, 1 }, 960)]
    [InlineData(new byte[] { 0x10, 1 }, 1920)]
    [InlineData(new byte[] { 0x18, 1 }, 2880)]
    [InlineData(new byte[] { 0x60, 1 }, 480)] // hybrid 10 ms
    [InlineData(new byte[] { 0x78, 1 }, 960)]
    [InlineData(new byte[] { 0x80, 1 }, 120)] // CELT 2.5 ms
    [InlineData(new byte[] { 0xF8, 1 }, 960)] // CELT 20 ms
    [InlineData(new byte[] { 0xF9, 1, 1 }, 1920)] // two frames of one size
    [InlineData(new byte[] { 0xFA, 1, 1, 1 }, 1920)]
    [InlineData(new byte[] { 0xFB, 3, 1, 1, 1 }, 2880)] // a number of frames
    [InlineData(new byte[] { 0xFB, 6, 1 }, 5760)]
    [InlineData(new byte[] { 0xFB, 7, 1 }, 0)] // more than 120 ms
    [InlineData(new byte[] { 0xFB, 0 }, 0)]
    [InlineData(new byte[] { 0xFB }, 0)]
    [InlineData(new byte[0], 0)]
    public void The_length_of_a_packet_is_in_its_first_bytes(byte[] packet, int samples)
    {
        Assert.Equal(samples, Opus.SamplesIn(packet, 48000));
        Assert.Equal(samples / 6, Opus.SamplesIn(packet, 8000));
    }

    [Theory]
    [InlineData(8000, 48000)]
    [InlineData(16000, 48000)]
    [InlineData(48000, 8000)]
    [InlineData(48000, 48000)]
    public void What_one_rate_encodes_another_decodes(int fromHz, int toHz)
    {
        var encoder = new Opus.Encoder(fromHz);
        var decoder = new Opus.Decoder(toHz);
        var heard = new List<short>();
        for (var i = 0; i < 50; i++)
        {
            var packet = new byte[1275];
            var length = encoder.Encode(ToneSource.Sine(1000, fromHz, fromHz / 50, 8000, i * fromHz / 50), packet);
            Assert.InRange(length, 2, 400);
            var samples = new short[toHz / 50];
            Assert.Equal(samples.Length, decoder.Decode(packet.AsSpan(0, length), samples));
            heard.AddRange(samples);
        }

        encoder.Release();
        decoder.Release();
        encoder.Release(); // twice does no harm
        Assert.InRange(Goertzel.Share([.. heard.Skip(heard.Count / 4)], toHz, 1000), 0.9, 1.01);
    }

    [Theory]
    [InlineData(8000)]
    [InlineData(48000)]
    public void The_next_packet_knows_what_was_lost_better_than_anybodys_guess(int rateHz)
    {
        var encoder = new Opus.Encoder(48000);
        var voice = Voice(150);
        var packets = new byte[150][];
        for (var i = 0; i < packets.Length; i++)
        {
            var packet = new byte[1275];
            packets[i] = packet[..encoder.Encode(voice.AsSpan(i * 960, 960), packet)];
        }

        var whole = Decode(packets, rateHz, (_, _, _) => false);
        var guessed = Decode(packets, rateHz, (decoder, _, room) => decoder.Conceal(default, room) > 0);
        var copied = Decode(packets, rateHz, (decoder, next, room) => decoder.Conceal(next, room) > 0);
        var (guess, copy) = (Difference(guessed, whole), Difference(copied, whole));
        Assert.True(copy < guess / 2, $"toc {packets[50][0] >> 3} {packets[50].Length}: {copy:F4} of the energy is wrong with the copy, {guess:F4} without");
    }

    /// <summary>Decodes; one packet in ten is given to <paramref name="lose"/> instead.</summary>
    private static short[] Decode(byte[][] packets, int rateHz, Func<Opus.Decoder, byte[], short[], bool> lose)
    {
        var decoder = new Opus.Decoder(rateHz);
        var heard = new List<short>();
        for (var i = 0; i < packets.Length; i++)
        {
            var samples = new short[rateHz / 50];
            if (i % 10 != 7 || !lose(decoder, packets[i + 1], samples))
            {
                _ = decoder.Decode(packets[i], samples);
            }

            heard.AddRange(samples);
        }

        decoder.Release();
        return [.. heard];
    }

    internal static double Difference(short[] heard, short[] whole)
    {
        double error = 0, energy = 0;
        for (var i = whole.Length / 4; i < Math.Min(whole.Length, heard.Length); i++)
        {
            error += Math.Pow(heard[i] - whole[i], 2);
            energy += Math.Pow(whole[i], 2);
        }

        return error / energy;
    }

    /// <summary>Harmonics of a gliding pitch, in syllables.</summary>
    internal static short[] Voice(int frames)
    {
        var samples = new short[frames * 960];
        double phase = 0;
        for (var i = 0; i < samples.Length; i++)
        {
            var t = i / 48000.0;
            phase += (140 + (40 * Math.Sin(2 * Math.PI * 1.3 * t))) / 48000;
            double sum = 0;
            for (var h = 1; h <= 20; h++)
            {
                var f = h * 150.0;
                var formants = Math.Exp(-Math.Pow((f - 600 - (200 * Math.Sin(5 * t))) / 250, 2)) + (0.5 * Math.Exp(-Math.Pow((f - 1500) / 400, 2)));
                sum += formants * Math.Cos(2 * Math.PI * phase * h);
            }

            samples[i] = (short)(2500 * sum * (0.6 + (0.4 * Math.Sin(2 * Math.PI * 3.7 * t))));
        }

        return samples;
    }

    [Fact]
    public void Without_the_library_opus_is_passed_through_and_a_conversion_is_refused_with_the_packages_name()
    {
        AudioStream Stream(AudioCodec codec, int rateHz) => new(new CodecOption(codec, rateHz), MediaDirection.SendRecv, new(System.Net.IPAddress.Loopback, 1), new(System.Net.IPAddress.Loopback, 2));
        var (opus, pcmu) = (Stream(AudioCodec.Opus, 48000), Stream(AudioCodec.Pcmu, 8000));
        Assert.True(MediaCodecs.CanJoin(opus, opus, hasOpus: false, out _));
        Assert.True(MediaCodecs.CanJoin(pcmu, Stream(AudioCodec.G722, 16000), hasOpus: false, out _));
        Assert.True(MediaCodecs.CanJoin(opus with { Exists = false }, pcmu, hasOpus: false, out _));
        Assert.False(MediaCodecs.CanJoin(opus, pcmu, hasOpus: false, out var reason));
        Assert.Equal("opus cannot be converted to PCMU without libopus: apt-get install libopus0", reason);
        Assert.True(MediaCodecs.CanJoin(opus, pcmu, hasOpus: true, out _));
    }

    [Fact]
    public void Rubbish_decodes_to_nothing_and_does_no_harm()
    {
        var decoder = new Opus.Decoder(48000);
        var random = new Random(5);
        var samples = new short[5760];
        for (var i = 0; i < 2000; i++)
        {
            var packet = new byte[random.Next(0, 200)];
            random.NextBytes(packet);
            Assert.InRange(decoder.Decode(packet, samples.AsSpan(0, Opus.SamplesIn(packet, 48000))), 0, 5760);
        }

        decoder.Release();
    }
}
