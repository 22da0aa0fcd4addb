using System.Runtime.InteropServices;

namespace XSwitchEngine.TestKit;

/// <summary>Opus at 48 kHz, mono, straight from libopus.</summary>
internal sealed unsafe partial class OpusPeer
{
    private const int LongestFrame = 5760; // 120 ms
    private const int Voip = 2048;

    private readonly nint _encoder;
    private readonly nint _decoder;

    public OpusPeer()
    {
        int error;
        _encoder = opus_encoder_create(48000, 1, Voip, &error);
        _decoder = opus_decoder_create(48000, 1, &error);
        if (_encoder == 0 || _decoder == 0)
        {
            throw new InvalidOperationException($"libopus: error {error}");
        }
    }

    ~OpusPeer()
    {
        opus_encoder_destroy(_encoder);
        opus_decoder_destroy(_decoder);
    }

    public byte[] Encode(ReadOnlySpan<short> samples)
    {
        var packet = new byte[1275];
        fixed (short* from = samples)
        fixed (byte* to = packet)
        {
            var length = opus_encode(_encoder, from, samples.Length, to, packet.Length);
            return length > 0 ? packet[..length] : throw new InvalidOperationException($"opus_encode: error {length}");
        }
    }

    /// <returns>Empty for what is no Opus.</returns>
    public short[] Decode(ReadOnlySpan<byte> payload)
    {
        var samples = new short[LongestFrame];
        fixed (byte* from = payload)
        fixed (short* to = samples)
        {
            var length = opus_decode(_decoder, from, payload.Length, to, LongestFrame, 0);
            return length > 0 ? samples[..length] : [];
        }
    }

    [LibraryImport("libopus.so.0")]
    private static partial nint opus_encoder_create(int rate, int channels, int application, int* error);

    [LibraryImport("libopus.so.0")]
    private static partial void opus_encoder_destroy(nint encoder);

    [LibraryImport("libopus.so.0")]
    private static partial int opus_encode(nint encoder, short* samples, int length, byte* packet, int room);

    [LibraryImport("libopus.so.0")]
    private static partial nint opus_decoder_create(int rate, int channels, int* error);

    [LibraryImport("libopus.so.0")]
    private static partial void opus_decoder_destroy(nint decoder);

    [LibraryImport("libopus.so.0")]
    private static partial int opus_decode(nint decoder, byte* packet, int length, short* samples, int room, int fec);
}
