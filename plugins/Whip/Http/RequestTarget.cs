using System.Text;

namespace XSwitchEngine.Plugins.Whip.Http;

/// <summary>What a path names.</summary>
internal enum TargetKind : byte
{
    /// <summary>Nothing of ours.</summary>
    Unknown,

    /// <summary>A flavour without a destination.</summary>
    Root,

    /// <summary>A destination: POST makes a session.</summary>
    Endpoint,

    /// <summary>A session.</summary>
    Session,

    /// <summary>The digits of a session.</summary>
    Dtmf,
}

/// <summary>A path taken apart: <c>/api/[cloud/]{whip|whap|whep|whxp}/{destination}</c> or <c>…/sessions/{id}[/dtmf]</c>.</summary>
/// <param name="Kind">What it names.</param>
/// <param name="Flavour">Of the endpoint.</param>
/// <param name="Word">The flavour as the path says it.</param>
/// <param name="Prefix">The path up to the flavour, such as <c>/api/cloud/whip</c>.</param>
/// <param name="Name">The destination decoded, or the session's id.</param>
internal readonly record struct RequestTarget(TargetKind Kind, Flavour Flavour, string Word, string Prefix, string Name)
{
    private const string Sessions = "sessions";

    /// <summary>Takes a path apart.</summary>
    /// <param name="path">Raw, percent-encoded, without the query.</param>
    /// <param name="error">Why the destination cannot be decoded, or null.</param>
    public static RequestTarget Parse(string path, out string? error)
    {
        error = null;
        var words = path.Split('/');
        var at = words is ["", "api", "cloud", ..] ? 3 : 2;
        if (words.Length <= at || words[0].Length != 0 || words[1] != "api" || !TryFlavour(words[at], out var flavour))
        {
            return default;
        }

        var prefix = string.Join('/', words.Take(at + 1));
        var rest = words.AsSpan(at + 1);
        switch (rest)
        {
            case [] or [""]:
                return new(TargetKind.Root, flavour, words[at], prefix, "");
            case [Sessions, var id] when id.Length > 0:
                return new(TargetKind.Session, flavour, words[at], prefix, id);
            case [Sessions, var id, "dtmf"] when id.Length > 0:
                return new(TargetKind.Dtmf, flavour, words[at], prefix, id);
            case [_] or [_, ""]:
                if (!TryDecode(rest[0], out var decoded))
                {
                    error = "the destination is not percent-encoded UTF-8";
                }

                return new(TargetKind.Endpoint, flavour, words[at], prefix, decoded);
            default:
                return default;
        }
    }

    /// <summary>Decodes percent escapes strictly.</summary>
    /// <param name="text">ASCII with escapes.</param>
    /// <param name="decoded">The text, or empty.</param>
    /// <returns>False for an incomplete escape or bytes that are not UTF-8.</returns>
    public static bool TryDecode(string text, out string decoded)
    {
        decoded = "";
        if (!text.Contains('%', StringComparison.Ordinal))
        {
            decoded = text;
            return true;
        }

        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                count += Encoding.UTF8.GetBytes(text, i, 1, bytes, count);
                continue;
            }

            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
            {
                return false;
            }

            bytes[count++] = Convert.ToByte(text.Substring(i + 1, 2), 16);
            i += 2;
        }

        var valid = bytes.AsSpan(0, count);
        if (!System.Text.Unicode.Utf8.IsValid(valid))
        {
            return false;
        }

        decoded = Encoding.UTF8.GetString(valid);
        return true;
    }

    private static bool TryFlavour(string word, out Flavour flavour)
    {
        flavour = word switch { "whap" or "whep" => Flavour.Whap, "whxp" => Flavour.Whxp, _ => Flavour.Whip };
        return word is "whip" or "whap" or "whep" or "whxp";
    }
}
