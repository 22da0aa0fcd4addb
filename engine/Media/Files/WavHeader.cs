using System.Buffers.Binary;

namespace XSwitchEngine.Media.Files;

/// <summary>How samples are stored in a WAV file.</summary>
internal enum WavEncoding : byte
{
    Pcm8,
    Pcm16,
    MuLaw,
    ALaw,
}

/// <summary>Where the samples of a WAV file lie and how they are stored.</summary>
internal readonly record struct WavHeader(WavEncoding Encoding, int RateHz, int Channels, long DataOffset, long DataLength)
{
    /// <summary>Length of the header that <see cref="Write"/> makes.</summary>
    public const int Length = 44;

    private const int MaxChunks = 64;
    private const uint Riff = 0x46464952, Wave = 0x45564157, Format = 0x20746D66, Data = 0x61746164;

    public int BytesPerFrame => Channels * (Encoding == WavEncoding.Pcm16 ? 2 : 1);

    public long Frames => DataLength / BytesPerFrame;

    /// <summary>Reads a header. Lengths that exceed the file, or were never filled in, give way to the file's own length.</summary>
    /// <param name="file">A seekable stream; its position is left undefined.</param>
    /// <param name="header">The header.</param>
    /// <param name="error">What is wrong.</param>
    public static bool TryRead(Stream file, out WavHeader header, out string error)
    {
        header = default;
        Span<byte> bytes = stackalloc byte[40];
        file.Position = 0;
        if (file.ReadAtLeast(bytes[..12], 12, throwOnEndOfStream: false) < 12
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Riff || BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != Wave)
        {
            error = "not a RIFF/WAVE file";
            return false;
        }

        (WavEncoding Encoding, int RateHz, int Channels)? format = null;
        for (var chunk = 0; chunk < MaxChunks && file.ReadAtLeast(bytes[..8], 8, throwOnEndOfStream: false) == 8; chunk++)
        {
            var id = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            long length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            var start = file.Position;
            if (id == Format)
            {
                var take = (int)Math.Min(length, bytes.Length);
                if (take < 16 || file.ReadAtLeast(bytes[..take], take, throwOnEndOfStream: false) < take || !TryFormat(bytes[..take], out var found, out error))
                {
                    error = take < 16 ? "format chunk too short" : "format is not 8 or 16 bit PCM or G.711, mono or stereo, 8 to 96 kHz";
                    return false;
                }

                format = found;
            }
            else if (id == Data)
            {
                if (format is not { } known)
                {
                    error = "data before format";
                    return false;
                }

                var available = file.Length - start;
                header = new WavHeader(known.Encoding, known.RateHz, known.Channels, start, length == 0 || length > available ? available : length);
                error = "";
                return true;
            }

            var next = start + length + (length & 1);
            if (next > file.Length)
            {
                break;
            }

            file.Position = next;
        }

        error = "no data chunk";
        return false;
    }

    /// <summary>Writes the header of a 16-bit PCM file.</summary>
    public static void Write(Span<byte> header, int rateHz, int channels, long dataLength)
    {
        var length = (uint)Math.Min(dataLength, uint.MaxValue - Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header, Riff);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], length + Length - 8);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Wave);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], Format);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], 16);
        BinaryPrimitives.WriteUInt16LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteUInt16LittleEndian(header[22..], (ushort)channels);
        BinaryPrimitives.WriteUInt32LittleEndian(header[24..], (uint)rateHz);
        BinaryPrimitives.WriteUInt32LittleEndian(header[28..], (uint)(rateHz * channels * 2));
        BinaryPrimitives.WriteUInt16LittleEndian(header[32..], (ushort)(channels * 2));
        BinaryPrimitives.WriteUInt16LittleEndian(header[34..], 16);
        BinaryPrimitives.WriteUInt32LittleEndian(header[36..], Data);
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], length);
    }

    /// <summary>Turns stored frames into mono samples; stereo is averaged.</summary>
    /// <param name="bytes">Whole frames.</param>
    /// <param name="samples">One for each frame.</param>
    public void ToMono(ReadOnlySpan<byte> bytes, Span<short> samples)
    {
        for (var i = 0; i < samples.Length; i++)
        {
            var sum = 0;
            for (var c = 0; c < Channels; c++)
            {
                sum += Sample(bytes, (i * Channels) + c);
            }

            samples[i] = (short)(sum / Channels);
        }
    }

    private int Sample(ReadOnlySpan<byte> bytes, int index)
    {
        if (Encoding == WavEncoding.Pcm16)
        {
            return BinaryPrimitives.ReadInt16LittleEndian(bytes[(index * 2)..]);
        }

        if (Encoding == WavEncoding.Pcm8)
        {
            return (bytes[index] - 128) << 8;
        }

        var sample = default(short);
        if (Encoding == WavEncoding.MuLaw)
        {
            Codecs.G711.DecodeMuLaw(bytes.Slice(index, 1), new Span<short>(ref sample));
        }
        else
        {
            Codecs.G711.DecodeALaw(bytes.Slice(index, 1), new Span<short>(ref sample));
        }

        return sample;
    }

    private static bool TryFormat(ReadOnlySpan<byte> chunk, out (WavEncoding, int, int) format, out string error)
    {
        int tag = BinaryPrimitives.ReadUInt16LittleEndian(chunk);
        int channels = BinaryPrimitives.ReadUInt16LittleEndian(chunk[2..]);
        var rateHz = BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(chunk[14..]);
        if (tag == 0xFFFE && chunk.Length >= 26)
        {
            tag = BinaryPrimitives.ReadUInt16LittleEndian(chunk[24..]); // extensible: the format is the beginning of the sub-format's GUID
        }

        WavEncoding? encoding = (tag, bits) switch
        {
            (1, 8) => WavEncoding.Pcm8,
            (1, 16) => WavEncoding.Pcm16,
            (6, 8) => WavEncoding.ALaw,
            (7, 8) => WavEncoding.MuLaw,
            _ => null,
        };
        format = (encoding ?? default, (int)Math.Min(rateHz, int.MaxValue), channels);
        error = "";
        return encoding is not null && channels is (1 or 2) && rateHz is >= 8000 and <= 96000 && rateHz % 50 == 0;
    }
}
