namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>What <see cref="StreamFramer.TryRead"/> found.</summary>
internal enum FrameKind
{
    /// <summary>Nothing complete.</summary>
    None,

    /// <summary>A message.</summary>
    Message,

    /// <summary>A double CRLF, to be answered by CRLF (RFC 5626 §3.5.1).</summary>
    Ping,

    /// <summary>The stream cannot be framed any more: answer 400 to <c>frame</c> if it can be, and close.</summary>
    Broken,
}

/// <summary>Cuts a byte stream into messages by Content-Length (RFC 3261 §18.3). Holds at most one message.</summary>
internal sealed class StreamFramer
{
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    /// <summary>Bytes of a message that is not complete.</summary>
    public ReadOnlySpan<byte> Pending => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Whether a message has begun.</summary>
    public bool IsPartial => _end > _start;

    /// <summary>Adds received bytes.</summary>
    public void Add(ReadOnlySpan<byte> data)
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }

        if (_buffer.Length - _end < data.Length)
        {
            var used = _end - _start;
            var target = _buffer.Length - used >= data.Length ? _buffer : new byte[Math.Max(2048, used + data.Length)];
            _buffer.AsSpan(_start, used).CopyTo(target);
            (_buffer, _start, _end) = (target, 0, used);
        }

        data.CopyTo(_buffer.AsSpan(_end));
        _end += data.Length;
    }

    /// <summary>Gives memory back when nothing is pending: an idle connection costs no buffer.</summary>
    public void Trim()
    {
        if (_start == _end)
        {
            _buffer = [];
            _start = _end = 0;
        }
    }

    /// <summary>Takes the next message.</summary>
    /// <param name="frame">Valid until the next <see cref="Add"/>.</param>
    public FrameKind TryRead(out ReadOnlyMemory<byte> frame)
    {
        frame = default;
        var text = Pending;
        if (text.StartsWith("\r\n\r\n"u8))
        {
            _start += 4;
            return FrameKind.Ping;
        }

        if (text.IsEmpty || text.SequenceEqual("\r"u8) || text.SequenceEqual("\r\n"u8) || text.SequenceEqual("\r\n\r"u8))
        {
            return FrameKind.None;
        }

        var skip = 0;
        while (skip < text.Length && text[skip] is (byte)'\r' or (byte)'\n')
        {
            skip++;
        }

        _start += skip;
        text = text[skip..];
        var headers = EndOfHeaders(text);
        if (headers < 0)
        {
            if (text.Length < SipLimits.Message)
            {
                return FrameKind.None;
            }

            return Broken(out frame);
        }

        var length = ContentLength(text[..headers]);
        if (length < 0 || headers + length > SipLimits.Message)
        {
            return Broken(out frame, headers);
        }

        if (text.Length < headers + length)
        {
            return FrameKind.None;
        }

        frame = _buffer.AsMemory(_start, headers + length);
        _start += headers + length;
        return FrameKind.Message;
    }

    private FrameKind Broken(out ReadOnlyMemory<byte> frame, int length = 0)
    {
        frame = _buffer.AsMemory(_start, length);
        _start = _end;
        return FrameKind.Broken;
    }

    /// <summary>Length up to and with the empty line, or −1.</summary>
    private static int EndOfHeaders(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length;)
        {
            var next = text[i..].IndexOf((byte)'\n');
            if (next < 0)
            {
                return -1;
            }

            i += next + 1;
            if (i < text.Length && text[i] == '\n')
            {
                return i + 1;
            }

            if (i + 1 < text.Length && text[i] == '\r' && text[i + 1] == '\n')
            {
                return i + 2;
            }
        }

        return -1;
    }

    /// <summary>The one Content-Length, or −1 when it is missing, malformed, or there are two different ones.</summary>
    private static int ContentLength(ReadOnlySpan<byte> headers)
    {
        var length = -1;
        foreach (var range in headers.Split((byte)'\n'))
        {
            var line = headers[range];
            var colon = line.IndexOf((byte)':');
            if (colon <= 0 || line[0] is (byte)' ' or (byte)'\t' || HeaderNames.Parse(line[..colon].TrimEnd(" \t"u8)) != HeaderName.ContentLength)
            {
                continue;
            }

            if (!SipText.TryNumber(SipText.Trim(line[(colon + 1)..]), int.MaxValue / 2, out var value) || (length >= 0 && value != length))
            {
                return -1;
            }

            length = (int)value;
        }

        return length;
    }
}
