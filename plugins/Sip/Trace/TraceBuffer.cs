using System.Globalization;
using System.Net;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Trace;

/// <summary>One message that passed.</summary>
/// <param name="Time">When.</param>
/// <param name="Received">Whether it came in.</param>
/// <param name="Transport">By which transport.</param>
/// <param name="Local">Our end.</param>
/// <param name="Remote">The peer.</param>
/// <param name="CallId">Its Call-ID.</param>
/// <param name="Text">The message with CRLF line ends, without credentials.</param>
internal sealed record TracedMessage(DateTimeOffset Time, bool Received, TransportKind Transport, IPEndPoint Local, IPEndPoint Remote, string CallId, string Text)
{
    /// <summary>Method, or status with the method that it answers.</summary>
    public string Title
    {
        get
        {
            var first = Text.AsSpan(0, Math.Max(0, Text.IndexOf('\r', StringComparison.Ordinal)));
            if (!first.StartsWith("SIP/2.0 "))
            {
                var space = first.IndexOf(' ');
                var method = (space < 0 ? first : first[..space]).ToString();
                return Text.Contains("application/sdp", StringComparison.OrdinalIgnoreCase) ? method + " (SDP)" : method;
            }

            var cseq = Text.IndexOf("\r\nCSeq:", StringComparison.OrdinalIgnoreCase);
            var line = cseq < 0 ? "" : Text[(cseq + 7)..].Split('\r')[0].Trim();
            return first[8..].ToString() + " (" + line[(line.LastIndexOf(' ') + 1)..] + (Text.Contains("application/sdp", StringComparison.OrdinalIgnoreCase) ? ", SDP)" : ")");
        }
    }
}

/// <summary>The messages captured last, at most <see cref="MaxMessages"/> and <see cref="MaxBytes"/>; the oldest go first.</summary>
internal sealed class TraceBuffer
{
    public const int MaxMessages = 20_000;

    public const int MaxBytes = 32 * 1024 * 1024;

    private const int Column = 34;
    private readonly Queue<TracedMessage> _messages = new();
    private long _size;

    public int Count => _messages.Count;

    public void Add(TracedMessage message)
    {
        _messages.Enqueue(message);
        _size += message.Text.Length;
        while (_messages.Count > MaxMessages || _size > MaxBytes)
        {
            _size -= _messages.Dequeue().Text.Length;
        }
    }

    public void Clear()
    {
        _messages.Clear();
        _size = 0;
    }

    public IReadOnlyList<TracedMessage> Of(IReadOnlyCollection<string> callIds) => [.. _messages.Where(m => callIds.Contains(m.CallId))];

    /// <summary>One line for each call: when it began, how many messages, between whom.</summary>
    public string List()
    {
        var text = new StringBuilder();
        foreach (var call in _messages.GroupBy(m => m.CallId))
        {
            var first = call.First();
            text.Append(CultureInfo.InvariantCulture, $"{first.Time.UtcDateTime:yyyy-MM-dd HH:mm:ss.fff}  {call.Count(),4}  {first.Title,-18}  {ViaHeader.LowerName(first.Transport)}/{first.Remote}  {call.Key}\n");
        }

        return text.Length == 0 ? "Nothing was captured\n" : text.ToString();
    }

    /// <summary>Draws the messages of calls, one column for each address.</summary>
    public static string Ladder(IReadOnlyList<TracedMessage> messages)
    {
        if (messages.Count == 0)
        {
            return "Nothing was captured of this call\n";
        }

        var columns = new List<string>();
        foreach (var message in messages)
        {
            foreach (var name in (string[])[message.Received ? Name(message) : "engine", message.Received ? "engine" : Name(message)])
            {
                if (!columns.Contains(name))
                {
                    columns.Add(name);
                }
            }
        }

        var text = new StringBuilder(new string(' ', 14));
        foreach (var column in columns)
        {
            text.Append(Centre(column, Column));
        }

        text.Append('\n');
        foreach (var message in messages)
        {
            var (from, to) = (columns.IndexOf(message.Received ? Name(message) : "engine"), columns.IndexOf(message.Received ? "engine" : Name(message)));
            var line = new char[columns.Count * Column];
            Array.Fill(line, ' ');
            for (var i = 0; i < columns.Count; i++)
            {
                line[(i * Column) + (Column / 2)] = '|';
            }

            var left = (Math.Min(from, to) * Column) + (Column / 2);
            var right = (Math.Max(from, to) * Column) + (Column / 2);
            for (var i = left + 1; i < right; i++)
            {
                line[i] = '-';
            }

            line[from < to ? right - 1 : left + 1] = from < to ? '>' : '<';
            var title = message.Title;
            title = " " + (title.Length > right - left - 6 ? title[..(right - left - 6)] : title) + " ";
            title.CopyTo(0, line, left + 1 + ((right - left - 1 - title.Length) / 2), title.Length);
            text.Append(message.Time.UtcDateTime.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)).Append("  ").Append(new string(line).TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    private static string Name(TracedMessage message) => $"{ViaHeader.LowerName(message.Transport)}/{message.Remote}";

    private static string Centre(string text, int width)
    {
        text = text.Length > width - 2 ? text[..(width - 2)] : text;
        var before = (width - text.Length) / 2;
        return new string(' ', before) + text + new string(' ', width - before - text.Length);
    }
}
