using System.Text;
using MessagePack;

namespace XSwitchEngine.Plugins.Whip.State;

/// <summary>Reads one array of exported state: a field that an older version did not write is defaulted, one that a newer version added is skipped.</summary>
internal struct FieldReader
{
    private int _left;

    public FieldReader(ref MessagePackReader reader) => _left = reader.ReadArrayHeader();

    public byte Byte(ref MessagePackReader reader) => (byte)Int64(ref reader);

    public int Int32(ref MessagePackReader reader) => (int)Int64(ref reader);

    public bool Bool(ref MessagePackReader reader) => Has(ref reader) && reader.ReadBoolean();

    public long Int64(ref MessagePackReader reader) => Has(ref reader) ? reader.ReadInt64() : 0;

    public string Text(ref MessagePackReader reader) => Has(ref reader) ? reader.ReadString() ?? "" : "";

    public string? OptionalText(ref MessagePackReader reader) => Has(ref reader) ? reader.ReadString() : null;

    public byte[]? Bytes(ref MessagePackReader reader)
    {
        if (!Has(ref reader) || reader.ReadBytes() is not { } sequence)
        {
            return null;
        }

        var bytes = new byte[sequence.Length];
        var at = 0;
        foreach (var segment in sequence)
        {
            segment.Span.CopyTo(bytes.AsSpan(at));
            at += segment.Length;
        }

        return bytes;
    }

    public DateTimeOffset Time(ref MessagePackReader reader)
    {
        var ticks = Has(ref reader) ? reader.ReadInt64() : DateTimeOffset.MaxValue.Ticks;
        return new DateTimeOffset(Math.Clamp(ticks, 0, DateTimeOffset.MaxValue.Ticks), TimeSpan.Zero);
    }

    public Guid Guid(ref MessagePackReader reader) => Bytes(ref reader) is { Length: 16 } bytes ? new Guid(bytes) : default;

    /// <summary>Number of elements of a nested array, or 0 when it is missing.</summary>
    public int Array(ref MessagePackReader reader) => Has(ref reader) ? reader.ReadArrayHeader() : 0;

    /// <summary>Whether a nested value is there and not nil; a nil is consumed.</summary>
    public bool Nested(ref MessagePackReader reader) => Has(ref reader);

    /// <summary>Skips what this version does not know.</summary>
    public void End(ref MessagePackReader reader)
    {
        for (; _left > 0; _left--)
        {
            reader.Skip();
        }
    }

    private bool Has(ref MessagePackReader reader)
    {
        if (_left == 0)
        {
            return false;
        }

        _left--;
        return !reader.TryReadNil();
    }
}

/// <summary>Writes the types that <see cref="FieldReader"/> reads.</summary>
internal static class StateWriting
{
    public static void WriteTime(this ref MessagePackWriter writer, DateTimeOffset time) => writer.Write(time.UtcTicks);

    public static void WriteGuid(this ref MessagePackWriter writer, Guid id)
    {
        writer.Write(id.ToByteArray());
    }

    public static void WriteText(this ref MessagePackWriter writer, string? text)
    {
        if (text is null)
        {
            writer.WriteNil();
        }
        else
        {
            writer.WriteString(Encoding.UTF8.GetBytes(text));
        }
    }

}
