using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace XSwitchEngine.Plugins.Whip.Sdp;

/// <summary>A fragment of a description with ICE lines only (RFC 8840 §9), read as liberally as clients write it.</summary>
internal sealed class SdpFragment
{
    /// <summary>Most lines that are read.</summary>
    public const int MaxLines = 512;

    /// <summary>Most candidates that are kept; further ones are ignored.</summary>
    public const int MaxCandidates = 32;

    private SdpFragment()
    {
    }

    /// <summary>The credentials, at session level or of the first medium that has some; empty when the fragment has none.</summary>
    public string Ufrag { get; private set; } = "";

    public string Password { get; private set; } = "";

    /// <summary>Different candidates, without <c>a=</c>.</summary>
    public List<string> Candidates { get; } = [];

    public bool IsEndOfCandidates { get; private set; }

    /// <summary>Mids named.</summary>
    public List<string> Mids { get; } = [];

    /// <summary>Reads a fragment.</summary>
    /// <param name="text">Lines ended by CRLF or LF.</param>
    /// <param name="fragment">The fragment.</param>
    /// <param name="error">What is wrong, with the line's number.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out SdpFragment? fragment, out string error)
    {
        fragment = null;
        error = "";
        var result = new SdpFragment();
        var number = 0;
        var attributes = 0;
        foreach (var raw in text.AsSpan().EnumerateLines())
        {
            number++;
            var line = raw.Trim();
            if (line.IsEmpty)
            {
                continue;
            }

            if (number > MaxLines || line.Length < 2 || line[1] != '=' || !char.IsAsciiLetterLower(line[0]))
            {
                error = number > MaxLines ? $"more than {MaxLines} lines" : $"line {number} is not a line of SDP";
                return false;
            }

            if (line[0] != 'a')
            {
                // m= has any kind, protocol and payload type; v=, s=, o=, t= are left over from whole descriptions.
                continue;
            }

            attributes++;
            if (!result.Take(line[2..]))
            {
                error = $"line {number}: malformed credentials";
                return false;
            }
        }

        if (attributes == 0 || result.Ufrag.Length == 0 != (result.Password.Length == 0))
        {
            error = attributes == 0 ? "the fragment has no attributes" : "a=ice-ufrag and a=ice-pwd go together";
            return false;
        }

        fragment = result;
        return true;
    }

    /// <summary>The fragment that answers an ICE restart: credentials and candidates of an answer.</summary>
    /// <param name="answer">A whole description.</param>
    public static string FromAnswer(string answer)
    {
        var head = new StringBuilder();
        var medium = new StringBuilder();
        var ufrag = "";
        var password = "";
        var media = 0;
        var isComplete = false;
        foreach (var raw in answer.AsSpan().EnumerateLines())
        {
            var line = raw.TrimEnd();
            if (line.StartsWith("m=", StringComparison.Ordinal))
            {
                media++;
                if (media == 1)
                {
                    medium.Append(line).Append("\r\n");
                }
            }
            else if (line.StartsWith("a=ice-ufrag:", StringComparison.Ordinal))
            {
                ufrag = ufrag.Length > 0 ? ufrag : line.ToString();
            }
            else if (line.StartsWith("a=ice-pwd:", StringComparison.Ordinal))
            {
                password = password.Length > 0 ? password : line.ToString();
            }
            else if (media == 0 && (line.SequenceEqual("a=ice-lite") || line.StartsWith("a=ice-options:", StringComparison.Ordinal) || line.StartsWith("a=group:BUNDLE", StringComparison.Ordinal)))
            {
                head.Append(line).Append("\r\n");
            }
            else if (media == 1 && (line.StartsWith("a=mid:", StringComparison.Ordinal) || line.StartsWith("a=candidate:", StringComparison.Ordinal)))
            {
                medium.Append(line).Append("\r\n");
            }
            else
            {
                isComplete |= line.SequenceEqual("a=end-of-candidates");
            }
        }

        return $"{head}{ufrag}\r\n{password}\r\n{medium}{(isComplete ? "a=end-of-candidates\r\n" : "")}";
    }

    private bool Take(ReadOnlySpan<char> attribute)
    {
        if (attribute.StartsWith("ice-ufrag:", StringComparison.Ordinal))
        {
            var value = attribute[10..].Trim().ToString();
            Ufrag = Ufrag.Length > 0 ? Ufrag : value;
            return value.Length is >= 4 and <= 256 && OfferCheck.IsIce(value);
        }

        if (attribute.StartsWith("ice-pwd:", StringComparison.Ordinal))
        {
            var value = attribute[8..].Trim().ToString();
            Password = Password.Length > 0 ? Password : value;
            return value.Length is >= 22 and <= 256 && OfferCheck.IsIce(value);
        }

        if (attribute.StartsWith("candidate:", StringComparison.Ordinal))
        {
            var value = attribute.ToString();
            if (Candidates.Count < MaxCandidates && !Candidates.Contains(value))
            {
                Candidates.Add(value);
            }
        }
        else if (attribute.StartsWith("mid:", StringComparison.Ordinal) && Mids.Count < SdpText.MaxMedia)
        {
            Mids.Add(attribute[4..].Trim().ToString());
        }
        else if (attribute.SequenceEqual("end-of-candidates"))
        {
            IsEndOfCandidates = true;
        }

        return true;
    }
}
