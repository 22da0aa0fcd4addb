using System.Buffers;
using System.Text;

namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>Small lexical helpers over bytes (RFC 3261 §25.1).</summary>
internal static class SipText
{
    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~"u8);

    private static readonly SearchValues<byte> ControlBytes = SearchValues.Create(Controls());

    /// <summary>Whether every byte may stand in a token; an empty one is none.</summary>
    public static bool IsToken(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExcept(TokenBytes);

    /// <summary>Index of the first control character other than HTAB, or −1.</summary>
    public static int IndexOfControl(ReadOnlySpan<byte> text) => text.IndexOfAny(ControlBytes);

    /// <summary>Cuts spaces and tabs at both ends.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        var start = 0;
        var end = text.Length;
        while (start < end && text[start] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            start++;
        }

        while (end > start && text[end - 1] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            end--;
        }

        return text[start..end];
    }

    public static bool EqualsIgnoreCase(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) => Ascii.EqualsIgnoreCase(a, b);

    /// <summary>Reads a decimal number that is all of the text.</summary>
    /// <param name="text">Digits only.</param>
    /// <param name="max">Largest value allowed.</param>
    /// <param name="value">The number.</param>
    public static bool TryNumber(ReadOnlySpan<byte> text, long max, out long value)
    {
        value = 0;
        if (text.IsEmpty || text.Length > 32)
        {
            return false;
        }

        foreach (var b in text)
        {
            if (b is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            value = (value * 10) + (b - '0');
            if (value > max)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Text for the core: UTF-8 decoded, control characters removed.</summary>
    public static string Decode(ReadOnlySpan<byte> text)
    {
        if (IndexOfControl(text) < 0)
        {
            return Encoding.UTF8.GetString(text);
        }

        var clean = new StringBuilder(text.Length);
        foreach (var c in Encoding.UTF8.GetString(text))
        {
            if (!char.IsControl(c))
            {
                clean.Append(c);
            }
        }

        return clean.ToString();
    }

    /// <summary>A user part with its percent escapes decoded, except those of control characters, which stay escaped (RFC 4475 §3.1.1.4).</summary>
    public static string DecodeUser(ReadOnlySpan<byte> user)
    {
        if (user.IndexOf((byte)'%') < 0)
        {
            return Decode(user);
        }

        var decoded = user.Length <= 256 ? stackalloc byte[user.Length] : new byte[user.Length];
        var length = 0;
        for (var i = 0; i < user.Length; i++)
        {
            if (TryUnescape(user[i..], out var b) && b is >= 0x20 and not 0x7f)
            {
                decoded[length++] = b;
                i += 2;
            }
            else
            {
                decoded[length++] = user[i];
            }
        }

        return Decode(decoded[..length]);
    }

    /// <summary>Reads one percent escape at the start of the text.</summary>
    public static bool TryUnescape(ReadOnlySpan<byte> text, out byte value)
    {
        value = 0;
        if (text.Length < 3 || text[0] != '%' || Hex(text[1]) is not (>= 0 and var high) || Hex(text[2]) is not (>= 0 and var low))
        {
            return false;
        }

        value = (byte)((high << 4) | low);
        return true;
    }

    /// <summary>The content of a quoted string with its escapes resolved; other text as it is.</summary>
    public static string Unquote(ReadOnlySpan<byte> text)
    {
        if (text.Length < 2 || text[0] != '"' || text[^1] != '"')
        {
            return Decode(text);
        }

        text = text[1..^1];
        if (text.IndexOf((byte)'\\') < 0)
        {
            return Decode(text);
        }

        var plain = text.Length <= 256 ? stackalloc byte[text.Length] : new byte[text.Length];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length)
            {
                i++;
            }

            plain[length++] = text[i];
        }

        return Decode(plain[..length]);
    }

    /// <summary>The content between the quotes, escapes as they are; other text as it is.</summary>
    public static ReadOnlySpan<byte> StripQuotes(ReadOnlySpan<byte> text) =>
        text.Length >= 2 && text[0] == '"' && text[^1] == '"' ? text[1..^1] : text;

    /// <summary>Whether a comma-separated list contains a token, in any case.</summary>
    public static bool ListContains(ReadOnlySpan<byte> list, ReadOnlySpan<byte> token)
    {
        foreach (var range in list.Split((byte)','))
        {
            if (EqualsIgnoreCase(Trim(list[range]), token))
            {
                return true;
            }
        }

        return false;
    }

    private static int Hex(byte b) => b switch
    {
        >= (byte)'0' and <= (byte)'9' => b - '0',
        >= (byte)'a' and <= (byte)'f' => b - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => b - 'A' + 10,
        _ => -1,
    };

    private static byte[] Controls()
    {
        var bytes = new List<byte> { 0x7f };
        for (byte b = 0; b < 0x20; b++)
        {
            if (b != '\t')
            {
                bytes.Add(b);
            }
        }

        return [.. bytes];
    }
}
