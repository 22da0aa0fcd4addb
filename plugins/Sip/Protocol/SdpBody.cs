namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>Finds the session description in a body, alone or as a part of a multipart one (RFC 5621).</summary>
internal static class SdpBody
{
    private const int MaxParts = 16;

    /// <summary>Finds it.</summary>
    /// <param name="message">The message.</param>
    /// <param name="sdp">The session description; empty when there is no body.</param>
    /// <param name="refusal">415 when the body is of another type or coded.</param>
    public static bool TryFind(SipMessage message, out ReadOnlySpan<byte> sdp, out int refusal)
    {
        sdp = default;
        refusal = 415;
        if (message.Body.IsEmpty)
        {
            return true;
        }

        var encoding = message.Value(HeaderName.ContentEncoding);
        if (!encoding.IsEmpty && !SipText.EqualsIgnoreCase(encoding, "identity"u8))
        {
            return false;
        }

        return TryFind(message.Value(HeaderName.ContentType), message.Body, out sdp);
    }

    /// <summary>Whether a content type is the given one, parameters aside.</summary>
    public static bool Is(ReadOnlySpan<byte> contentType, ReadOnlySpan<byte> wanted)
    {
        var semicolon = contentType.IndexOf((byte)';');
        return SipText.EqualsIgnoreCase(SipText.Trim(semicolon < 0 ? contentType : contentType[..semicolon]), wanted);
    }

    private static bool TryFind(ReadOnlySpan<byte> contentType, ReadOnlySpan<byte> body, out ReadOnlySpan<byte> sdp)
    {
        sdp = default;
        if (Is(contentType, "application/sdp"u8))
        {
            sdp = body;
            return true;
        }

        var semicolon = contentType.IndexOf((byte)';');
        if (semicolon < 0 || !(Is(contentType, "multipart/mixed"u8) || Is(contentType, "multipart/related"u8) || Is(contentType, "multipart/alternative"u8))
            || !ParameterReader.TryGet(contentType[semicolon..], "boundary"u8, out var boundary))
        {
            return false;
        }

        boundary = SipText.StripQuotes(boundary);
        if (boundary.Length is 0 or > 70)
        {
            return false;
        }

        // Parts are not descended into: a nested multipart is no place for a session description.
        var position = 0;
        for (var parts = 0; parts < MaxParts && TryPart(body, ref position, boundary, out var part); parts++)
        {
            if (TrySdpPart(body.Slice(part.Start, part.Length), out sdp))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryPart(ReadOnlySpan<byte> body, ref int position, ReadOnlySpan<byte> boundary, out Slice part)
    {
        part = default;
        var start = IndexOfBoundary(body, position, boundary);
        if (start < 0)
        {
            return false;
        }

        start += 2 + boundary.Length;
        position = IndexOfBoundary(body, start, boundary);
        part = new Slice(start, Math.Max(0, position - start));
        return position >= 0;
    }

    private static int IndexOfBoundary(ReadOnlySpan<byte> body, int start, ReadOnlySpan<byte> boundary)
    {
        for (var i = start; i < body.Length;)
        {
            var next = body[i..].IndexOf("--"u8);
            if (next < 0)
            {
                return -1;
            }

            i += next;
            if (body[(i + 2)..].StartsWith(boundary) && (i == 0 || body[i - 1] == '\n'))
            {
                return i;
            }

            i++;
        }

        return -1;
    }

    private static bool TrySdpPart(ReadOnlySpan<byte> part, out ReadOnlySpan<byte> sdp)
    {
        sdp = default;
        var isSdp = false;
        var lineEnd = part.IndexOf((byte)'\n');
        part = lineEnd < 0 ? default : part[(lineEnd + 1)..];
        while ((lineEnd = part.IndexOf((byte)'\n')) >= 0)
        {
            var line = SipText.Trim(part[..lineEnd]);
            part = part[(lineEnd + 1)..];
            if (line.IsEmpty)
            {
                break;
            }

            var colon = line.IndexOf((byte)':');
            if (colon > 0 && HeaderNames.Parse(line[..colon]) == HeaderName.ContentType)
            {
                isSdp = Is(SipText.Trim(line[(colon + 1)..]), "application/sdp"u8);
            }
        }

        // The line end before the next boundary belongs to the boundary.
        sdp = part.EndsWith("\r\n"u8) ? part[..^2] : part.EndsWith("\n"u8) ? part[..^1] : part;
        return isSdp;
    }
}
