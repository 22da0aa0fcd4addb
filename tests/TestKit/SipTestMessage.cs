using System.Globalization;

namespace XSwitchEngine.TestKit;

/// <summary>A SIP message as tests look at it: split by hand, sharing no code with the engine's parser.</summary>
public sealed class SipTestMessage
{
    private readonly List<KeyValuePair<string, string>> _headers = [];

    /// <summary>Splits a message.</summary>
    /// <param name="text">The whole message.</param>
    public SipTestMessage(string text)
    {
        Text = text;
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        Body = end < 0 ? "" : text[(end + 4)..];
        var lines = (end < 0 ? text : text[..end]).Split("\r\n");
        FirstLine = lines[0];
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                throw new FormatException("No colon in: " + line);
            }

            _headers.Add(new(line[..colon].Trim(), line[(colon + 1)..].Trim()));
        }
    }

    /// <summary>The whole message.</summary>
    public string Text { get; }

    /// <summary>Request line or status line.</summary>
    public string FirstLine { get; }

    /// <summary>What follows the empty line.</summary>
    public string Body { get; }

    /// <summary>Status of a response, 0 of a request.</summary>
    public int Status => FirstLine.StartsWith("SIP/2.0 ", StringComparison.Ordinal) ? int.Parse(FirstLine.AsSpan(8, 3), CultureInfo.InvariantCulture) : 0;

    /// <summary>Method of a request, or of CSeq of a response.</summary>
    public string Method => Status == 0 ? FirstLine.Split(' ')[0] : this["CSeq"].Split(' ')[1];

    /// <summary>Request-URI.</summary>
    public string RequestUri => FirstLine.Split(' ')[1];

    /// <summary>The tag of To, or empty.</summary>
    public string ToTag => Tag(this["To"]);

    /// <summary>The tag of From, or empty.</summary>
    public string FromTag => Tag(this["From"]);

    /// <summary>The URI of Contact.</summary>
    public string ContactUri => this["Contact"].Split('<')[1].Split('>')[0];

    /// <summary>Number of CSeq.</summary>
    public int CSeq => int.Parse(this["CSeq"].Split(' ')[0], CultureInfo.InvariantCulture);

    /// <summary>The branch of the top Via.</summary>
    public string Branch => this["Via"].Split("branch=")[1].Split(';', ',')[0];

    /// <summary>The first value of a header, or empty.</summary>
    /// <param name="name">Its name in any case.</param>
    public string this[string name] => All(name) is [var first, ..] ? first : "";

    /// <summary>All values of a header, line by line.</summary>
    /// <param name="name">Its name in any case.</param>
    public IReadOnlyList<string> All(string name) => [.. _headers.Where(h => string.Equals(h.Key, name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value)];

    private static string Tag(string value)
    {
        var at = value.IndexOf(";tag=", StringComparison.Ordinal);
        return at < 0 ? "" : value[(at + 5)..].Split(';')[0];
    }
}
