using System.Text;

namespace XSwitchEngine.TestKit;

/// <summary>WAV files as tests need them, written and read without the engine.</summary>
public sealed record WavFile(int RateHz, int Channels, short[] Samples)
{
    /// <summary>Samples of one channel.</summary>
    public short[] Channel(int number) => [.. Samples.Where((_, i) => i % Channels == number)];

    /// <summary>Writes mono samples to all channels.</summary>
    public static void Write(string path, int rateHz, int channels, int bits, ReadOnlySpan<short> mono)
    {
        using var writer = new BinaryWriter(File.Create(path), Encoding.ASCII);
        var bytes = mono.Length * channels * bits / 8;
        writer.Write("RIFF"u8);
        writer.Write(36 + bytes);
        writer.Write("WAVEfmt "u8);
        writer.Write(16);
        writer.Write((short)1);
        writer.Write((short)channels);
        writer.Write(rateHz);
        writer.Write(rateHz * channels * bits / 8);
        writer.Write((short)(channels * bits / 8));
        writer.Write((short)bits);
        writer.Write("data"u8);
        writer.Write(bytes);
        foreach (var sample in mono)
        {
            for (var c = 0; c < channels; c++)
            {
                if (bits == 8)
                {
                    writer.Write((byte)((sample >> 8) + 128));
                }
                else
                {
                    writer.Write(sample);
                }
            }
        }
    }

    /// <summary>Reads a file of 16-bit PCM by its header alone, as strictly as a player would.</summary>
    public static WavFile Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new BinaryReader(stream, Encoding.ASCII);
        if (Encoding.ASCII.GetString(reader.ReadBytes(4)) != "RIFF")
        {
            throw new InvalidDataException("no RIFF");
        }

        var riff = reader.ReadInt32();
        if (Encoding.ASCII.GetString(reader.ReadBytes(8)) != "WAVEfmt " || reader.ReadInt32() != 16 || reader.ReadInt16() != 1)
        {
            throw new InvalidDataException("no PCM format");
        }

        int channels = reader.ReadInt16();
        var rate = reader.ReadInt32();
        _ = reader.ReadInt32();
        if (reader.ReadInt16() != channels * 2 || reader.ReadInt16() != 16 || Encoding.ASCII.GetString(reader.ReadBytes(4)) != "data")
        {
            throw new InvalidDataException("no 16-bit data");
        }

        var length = reader.ReadInt32();
        if (riff != length + 36 || stream.Length < length + 44)
        {
            throw new InvalidDataException($"sizes {riff} and {length} in a file of {stream.Length}");
        }

        var samples = new short[length / 2];
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] = reader.ReadInt16();
        }

        return new WavFile(rate, channels, samples);
    }
}
