namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>Why bytes are no message at all. What is wrong with a request that can be answered is in <see cref="SipMessage.FaultStatus"/>.</summary>
internal enum SipParseError
{
    None,

    /// <summary>The first line is neither a request line nor a status line.</summary>
    NotSip,

    /// <summary>Larger than <see cref="SipLimits.Message"/>.</summary>
    TooLarge,

    /// <summary>A response with a fault: there is nobody to tell.</summary>
    BadResponse,

    /// <summary>A request without a usable Via, which cannot be answered.</summary>
    Unanswerable,
}

/// <summary>Reads messages (RFC 3261 §7, §25). Never throws; linear in the size of the input.</summary>
internal static class SipParser
{
    /// <summary>Reads one message.</summary>
    /// <param name="data">A datagram, or one message cut from a stream.</param>
    /// <param name="message">Receives the parts; borrows <paramref name="data"/>.</param>
    /// <param name="error">Why nothing could be done with it.</param>
    /// <returns>False when it is to be dropped. A request that is to be refused gives true and a fault status.</returns>
    public static bool TryParse(ReadOnlyMemory<byte> data, SipMessage message, out SipParseError error)
    {
        message.Reset(data);
        if (data.Length > SipLimits.Message)
        {
            error = SipParseError.TooLarge;
            return false;
        }

        var bytes = data.Span;
        var position = 0;
        while (position < bytes.Length && bytes[position] is (byte)'\r' or (byte)'\n')
        {
            position++;
        }

        if (!TryLine(bytes, ref position, out var line) || !TryStartLine(message, bytes, line))
        {
            error = SipParseError.NotSip;
            return false;
        }

        ReadHeaders(message, bytes, position);
        ReadBody(message);
        ReadCommon(message);
        error = !message.IsRequest && message.FaultStatus != 0 ? SipParseError.BadResponse
            : message.TopViaSlice.Length == 0 ? SipParseError.Unanswerable
            : SipParseError.None;
        return error == SipParseError.None;
    }

    private static bool TryLine(ReadOnlySpan<byte> bytes, ref int position, out Slice line)
    {
        var length = bytes[position..].IndexOf((byte)'\n');
        if (length < 0)
        {
            line = default;
            return false;
        }

        var end = length > 0 && bytes[position + length - 1] == '\r' ? length - 1 : length;
        line = new Slice(position, end);
        position += length + 1;
        return true;
    }

    private static bool TryStartLine(SipMessage message, ReadOnlySpan<byte> bytes, Slice slice)
    {
        var line = bytes.Slice(slice.Start, slice.Length);
        if (line.Length > SipLimits.Line)
        {
            message.Fault(414, "Request-URI Too Long");
        }

        if (line.Length > 4 && SipText.EqualsIgnoreCase(line[..4], "SIP/"u8))
        {
            return TryStatusLine(message, line, slice.Start);
        }

        var space = line.IndexOf((byte)' ');
        if (space <= 0 || !SipText.IsToken(line[..space]))
        {
            return false;
        }

        message.IsRequest = true;
        message.MethodText = new Slice(slice.Start, space);
        message.Method = SipMethods.Parse(line[..space]);
        var last = line.TrimEnd((byte)' ').LastIndexOf((byte)' ');
        var version = line[(last + 1)..].TrimEnd((byte)' ');
        if (version.Length < 4 || !SipText.EqualsIgnoreCase(version[..4], "SIP/"u8))
        {
            return false;
        }

        if (!SipText.EqualsIgnoreCase(version, "SIP/2.0"u8))
        {
            message.Fault(505, SipStatus.Reason(505));
        }

        var uri = last > space ? line[(space + 1)..last] : default;
        if (uri.IsEmpty || uri.IndexOfAny((byte)' ', (byte)'\t', (byte)'<') >= 0 || SipText.IndexOfControl(uri) >= 0)
        {
            message.Fault(400, "Malformed Request-Line");
        }

        message.RequestUriSlice = message.SliceOf(uri);
        return true;
    }

    private static bool TryStatusLine(SipMessage message, ReadOnlySpan<byte> line, int start)
    {
        if (line.Length < 11 || !SipText.EqualsIgnoreCase(line[..8], "SIP/2.0 "u8)
            || !SipText.TryNumber(line[8..11], 699, out var status) || status < 100
            || (line.Length > 11 && line[11] != ' '))
        {
            return false;
        }

        message.Status = (int)status;
        message.ReasonSlice = line.Length > 12 ? new Slice(start + 12, line.Length - 12) : default;
        return true;
    }

    private static void ReadHeaders(SipMessage message, ReadOnlySpan<byte> bytes, int position)
    {
        Span<byte> writable = default;
        while (true)
        {
            var start = position;
            if (!TryLine(bytes, ref position, out var line))
            {
                message.HeaderLength = bytes.Length;
                message.Fault(400, "Missing end of headers");
                return;
            }

            if (line.Length == 0)
            {
                message.HeaderLength = position;
                return;
            }

            // A line that starts with white space goes on with the one before: line ends become spaces in a copy, offsets stay.
            var end = line.Start + line.Length;
            while (position < bytes.Length && bytes[position] is (byte)' ' or (byte)'\t')
            {
                if (writable.IsEmpty)
                {
                    writable = message.MakeWritable();
                    bytes = writable;
                }

                writable[end..position].Fill((byte)' ');
                if (!TryLine(bytes, ref position, out var next))
                {
                    break;
                }

                end = next.Start + next.Length;
            }

            if (end - start > SipLimits.Line)
            {
                message.Fault(513, SipStatus.Reason(513));
                continue;
            }

            ReadField(message, bytes, start, end);
        }
    }

    private static void ReadField(SipMessage message, ReadOnlySpan<byte> bytes, int start, int end)
    {
        var line = bytes[start..end];
        var colon = line.IndexOf((byte)':');
        if (colon <= 0)
        {
            message.Fault(400, "Malformed header");
            return;
        }

        var name = line[..colon].TrimEnd(" \t"u8);
        var value = SipText.Trim(line[(colon + 1)..]);
        if (!SipText.IsToken(name) || HasBareControl(value))
        {
            message.Fault(400, "Illegal character in header");
            return;
        }

        var valueStart = value.IsEmpty ? end : start + colon + 1 + line[(colon + 1)..].IndexOf(value[0]);
        if (!message.Add(HeaderNames.Parse(name), new Slice(start, name.Length), new Slice(valueStart, value.Length)))
        {
            message.Fault(400, "Too many headers");
        }
    }

    /// <summary>Control characters are legal only as quoted pairs (RFC 3261 §25.1; RFC 4475 §3.1.1.2).</summary>
    private static bool HasBareControl(ReadOnlySpan<byte> value)
    {
        for (var i = SipText.IndexOfControl(value); i >= 0;)
        {
            if (i == 0 || value[i - 1] != '\\')
            {
                return true;
            }

            var next = SipText.IndexOfControl(value[(i + 1)..]);
            i = next < 0 ? -1 : i + 1 + next;
        }

        return false;
    }

    private static void ReadBody(SipMessage message)
    {
        var available = message.Data.Length - message.HeaderLength;
        var length = (long)available;
        for (var i = message.First(HeaderName.ContentLength); i >= 0; i = message.Field(i).Next)
        {
            if (!SipText.TryNumber(message.At(message.Field(i).Value), int.MaxValue, out var claimed))
            {
                message.Fault(400, "Malformed Content-Length");
                return;
            }

            if (i != message.First(HeaderName.ContentLength) && claimed != length)
            {
                message.Fault(400, "Different Content-Lengths");
                return;
            }

            length = claimed;
        }

        if (length > available)
        {
            message.Fault(400, "Body shorter than Content-Length");
            return;
        }

        message.BodySlice = new Slice(message.HeaderLength, (int)length);
    }

    private static void ReadCommon(SipMessage message)
    {
        ReadVias(message);
        Single(message, HeaderName.From, "From");
        Single(message, HeaderName.To, "To");
        Single(message, HeaderName.CallId, "Call-ID");
        Single(message, HeaderName.CSeq, "CSeq");
        if (message.CallId.Length > SipLimits.Identifier || message.CallId.IndexOfAny((byte)' ', (byte)'\t') >= 0)
        {
            message.Fault(400, "Malformed Call-ID");
        }

        message.FromTagSlice = ReadTag(message, HeaderName.From, "Malformed From");
        message.ToTagSlice = ReadTag(message, HeaderName.To, "Malformed To");
        ReadCSeq(message);
        if (message.IsRequest)
        {
            if (message.IsRepeated(HeaderName.MaxForwards))
            {
                message.Fault(400, "Repeated Max-Forwards");
            }

            if (message.Has(HeaderName.MaxForwards))
            {
                if (SipText.TryNumber(message.Value(HeaderName.MaxForwards), 255, out var hops))
                {
                    message.MaxForwards = (int)hops;
                }
                else
                {
                    message.Fault(400, "Malformed Max-Forwards");
                }
            }
        }

        if (message.Has(HeaderName.Expires) && !SipText.TryNumber(message.Value(HeaderName.Expires), uint.MaxValue, out _))
        {
            message.Fault(400, "Malformed Expires");
        }
    }

    private static void ReadVias(SipMessage message)
    {
        for (var i = message.First(HeaderName.Via); i >= 0; i = message.Field(i).Next)
        {
            var values = new ValueReader(message.At(message.Field(i).Value));
            while (values.TryNext(out var value))
            {
                if (message.ViaCount == 0)
                {
                    message.TopViaSlice = message.SliceOf(value);
                }

                message.ViaCount++;
                if (!ViaHeader.TryParse(value, out _))
                {
                    message.Fault(400, "Malformed Via");
                }

                if (message.ViaCount > SipLimits.Vias)
                {
                    message.Fault(400, "Too many Vias");
                    return;
                }
            }
        }
    }

    private static void Single(SipMessage message, HeaderName name, string text)
    {
        if (!message.Has(name) || message.Value(name).IsEmpty)
        {
            message.Fault(400, "Missing " + text);
        }
        else if (message.IsRepeated(name))
        {
            message.Fault(400, "Repeated " + text);
        }
    }

    private static Slice ReadTag(SipMessage message, HeaderName name, string fault)
    {
        var value = message.Value(name);
        if (value.IsEmpty)
        {
            return default;
        }

        if (!NameAddress.TryParse(value, out var address) || !IsUri(address.Uri))
        {
            message.Fault(400, fault);
            return default;
        }

        var tag = address.Parameter("tag"u8);
        if (tag.Length > SipLimits.Identifier)
        {
            message.Fault(400, fault);
        }

        return message.SliceOf(tag);
    }

    private static bool IsUri(ReadOnlySpan<byte> uri) => SipUri.TryParse(uri, out _);

    private static void ReadCSeq(SipMessage message)
    {
        var value = message.Value(HeaderName.CSeq);
        var space = value.IndexOfAny((byte)' ', (byte)'\t');
        if (space <= 0 || !SipText.TryNumber(value[..space], int.MaxValue, out var number))
        {
            message.Fault(400, "Malformed CSeq");
            return;
        }

        var method = SipText.Trim(value[space..]);
        message.CSeq = (uint)number;
        message.CSeqMethod = SipMethods.Parse(method);
        if (!message.IsRequest)
        {
            message.Method = message.CSeqMethod;
        }
        else if (!method.SequenceEqual(message.At(message.MethodText)))
        {
            message.Fault(400, "CSeq method differs");
        }
    }
}
