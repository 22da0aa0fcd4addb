using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>Builds messages in one reused buffer. Every value that does not come from this code goes through a method that removes line ends.</summary>
internal sealed class SipWriter
{
    private byte[] _buffer = new byte[2048];
    private int _length;

    public int Length => _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public SipWriter Clear()
    {
        _length = 0;
        return this;
    }

    /// <summary>Text of this code: literals, and blocks that were made by a writer before.</summary>
    public SipWriter Raw(ReadOnlySpan<byte> text)
    {
        text.CopyTo(Reserve(text.Length));
        _length += text.Length;
        return this;
    }

    /// <summary>What a peer sent, given back to it: line ends become spaces, the rest stays byte for byte.</summary>
    public SipWriter Echo(ReadOnlySpan<byte> text)
    {
        var to = Reserve(text.Length);
        text.CopyTo(to);
        if (text.IndexOfAny((byte)'\r', (byte)'\n') >= 0)
        {
            to[..text.Length].Replace((byte)'\r', (byte)' ');
            to[..text.Length].Replace((byte)'\n', (byte)' ');
        }

        _length += text.Length;
        return this;
    }

    /// <summary>A value from elsewhere: control characters are left out.</summary>
    public SipWriter Value(ReadOnlySpan<byte> text)
    {
        if (SipText.IndexOfControl(text) < 0)
        {
            return Raw(text);
        }

        foreach (var b in text)
        {
            if (b is >= 0x20 and not 0x7f)
            {
                Reserve(1)[0] = b;
                _length++;
            }
        }

        return this;
    }

    /// <summary>A value from elsewhere as UTF-8: control characters are left out.</summary>
    public SipWriter Value(string text)
    {
        var to = Reserve(Encoding.UTF8.GetMaxByteCount(text.Length));
        Utf8.FromUtf16(text, to, out _, out var written, replaceInvalidSequences: true);
        var at = 0;
        for (var i = 0; i < written; i++)
        {
            if (to[i] is >= 0x20 and not 0x7f)
            {
                to[at++] = to[i];
            }
        }

        _length += at;
        return this;
    }

    /// <summary>A quoted string with its escapes.</summary>
    public SipWriter Quoted(string text)
    {
        Raw("\""u8);
        Value(text.AsSpan().IndexOfAny('"', '\\') < 0 ? text : text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal));
        return Raw("\""u8);
    }

    /// <summary>A user part: what may not stand there is percent-escaped (RFC 3261 §25.1).</summary>
    public SipWriter User(string user)
    {
        foreach (var b in Encoding.UTF8.GetBytes(user))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || "-_.!~*'()&=+$,;?/"u8.Contains(b))
            {
                Reserve(1)[0] = b;
                _length++;
            }
            else
            {
                var to = Reserve(3);
                to[0] = (byte)'%';
                to[1] = "0123456789ABCDEF"u8[b >> 4];
                to[2] = "0123456789ABCDEF"u8[b & 15];
                _length += 3;
            }
        }

        return this;
    }

    public SipWriter Number(long value)
    {
        Utf8Formatter.TryFormat(value, Reserve(20), out var written);
        _length += written;
        return this;
    }

    public SipWriter Line() => Raw("\r\n"u8);

    /// <summary>A whole header line with a value from elsewhere.</summary>
    public SipWriter Header(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => Raw(name).Raw(": "u8).Value(value).Line();

    /// <summary>A whole header line with a value from elsewhere.</summary>
    public SipWriter Header(ReadOnlySpan<byte> name, string value) => Raw(name).Raw(": "u8).Value(value).Line();

    /// <summary>A whole header line with a number.</summary>
    public SipWriter Header(ReadOnlySpan<byte> name, long value) => Raw(name).Raw(": "u8).Number(value).Line();

    /// <summary>Content headers, the empty line, and the body.</summary>
    public SipWriter Body(ReadOnlySpan<byte> contentType, ReadOnlySpan<byte> body)
    {
        if (!body.IsEmpty)
        {
            Header("Content-Type"u8, contentType);
        }

        Header("Content-Length"u8, body.Length).Line();
        return Raw(body);
    }

    public byte[] ToArray() => Written.ToArray();

    private Span<byte> Reserve(int count)
    {
        if (_buffer.Length - _length < count)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        }

        return _buffer.AsSpan(_length);
    }
}
