using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace XSwitchEngine.Core.Calls.Api;

/// <summary>API commands on texts: <c>regex</c>, <c>cond</c>, <c>expr</c>, <c>md5</c>, <c>strftime</c> and their like (Lua API 15.1).</summary>
internal sealed class TextCommands(CallCore core, Expander expander)
{
    private static readonly TimeSpan RegexTime = TimeSpan.FromMilliseconds(50);

    public void AddTo(ApiTable table)
    {
        table.Add("regex", RunRegex);
        table.Add("cond", Condition);
        table.Add("expr", text => Arithmetic.TryEvaluate(text, out var value) ? value.ToString("0.######", CultureInfo.InvariantCulture) : "!err!");
        table.Add("toupper", text => text.ToUpperInvariant());
        table.Add("tolower", text => text.ToLowerInvariant());
        table.Add("url_encode", Uri.EscapeDataString);
        table.Add("url_decode", text => WebUtility.UrlDecode(text));
        table.Add("escape", text => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal));
        table.Add("quote_shell_arg", text => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'");
        table.Add("replace", Replace);
        table.Add("md5", Md5);
        table.Add("strftime", text => Format(text, TimeZoneInfo.Local));
        table.Add("strftime_tz", InZone);
        table.Add("strepoch", text => text.Length == 0
            ? core.Services.Loop.Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var time) ? time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) : "0");
        table.Add("strmicroepoch", _ => ((core.Services.Time.GetUtcNow().UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10).ToString(CultureInfo.InvariantCulture));
        table.Add("eval", (text, leg) => Expand(table, text, leg, run: false));
        table.Add("expand", (text, leg) => Expand(table, text, leg, run: true));
        table.Add("file_exists", text => File.Exists(text) ? "true" : "false");
    }

    private static string RunRegex(string text)
    {
        var delimiter = '|';
        if (text.StartsWith("m:", StringComparison.Ordinal) && text.Length > 2)
        {
            delimiter = text[2];
            text = text[3..];
        }

        var parts = text.Split(delimiter);
        if (parts.Length < 2)
        {
            return "-ERR";
        }

        try
        {
            var pattern = parts[1];
            var options = RegexOptions.CultureInvariant;
            if (pattern.Length > 1 && pattern[0] == '/' && pattern.LastIndexOf('/') is > 0 and var slash)
            {
                options |= pattern[(slash + 1)..].Contains('i', StringComparison.Ordinal) ? RegexOptions.IgnoreCase : RegexOptions.None;
                pattern = pattern[1..slash];
            }

            var match = new Regex(pattern, options, RegexTime).Match(parts[0]);
            if (parts.Length == 2)
            {
                return match.Success ? "true" : "false";
            }

            var flag = parts.ElementAtOrDefault(3) ?? "";
            return match.Success ? Substitute(parts[2], match) : flag switch
            {
                "n" => "",
                "b" => "false",
                _ => parts[0],
            };
        }
        catch (Exception e) when (e is ArgumentException or RegexMatchTimeoutException)
        {
            return "-ERR";
        }
    }

    private static string Substitute(string template, Match match)
    {
        var result = new StringBuilder();
        for (var i = 0; i < template.Length; i++)
        {
            if (template[i] is '%' or '$' && i + 1 < template.Length && char.IsAsciiDigit(template[i + 1]))
            {
                result.Append(match.Groups[template[++i] - '0'].Value);
            }
            else
            {
                result.Append(template[i]);
            }
        }

        return result.ToString();
    }

    private static string Condition(string text)
    {
        var question = text.IndexOf('?', StringComparison.Ordinal);
        if (question < 0)
        {
            return "-ERR";
        }

        var colon = text.IndexOf(':', question);
        if (colon < 0)
        {
            return "-ERR";
        }

        foreach (var op in new[] { "==", "!=", ">=", "<=", ">", "<" })
        {
            var at = text.IndexOf(op, 0, question, StringComparison.Ordinal);
            if (at < 0)
            {
                continue;
            }

            var a = Plain(text[..at]);
            var b = Plain(text[(at + op.Length)..question]);
            var order = double.TryParse(a, NumberStyles.Float, CultureInfo.InvariantCulture, out var x) && double.TryParse(b, NumberStyles.Float, CultureInfo.InvariantCulture, out var y)
                ? x.CompareTo(y) : string.CompareOrdinal(a, b);
            var holds = op switch
            {
                "==" => order == 0,
                "!=" => order != 0,
                ">=" => order >= 0,
                "<=" => order <= 0,
                ">" => order > 0,
                _ => order < 0,
            };
            return Plain(holds ? text[(question + 1)..colon] : text[(colon + 1)..]);
        }

        return "-ERR";
    }

    private static string Plain(string text)
    {
        text = text.Trim();
        return text.Length >= 2 && text[0] == '\'' && text[^1] == '\'' ? text[1..^1] : text;
    }

    private static string Replace(string text)
    {
        var parts = text.Split('|');
        return parts.Length < 3 || parts[1].Length == 0 ? "-ERR" : parts[0].Replace(parts[1], parts[2], StringComparison.Ordinal);
    }

#pragma warning disable CA5351 // the command is called md5; it protects nothing
    private static string Md5(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351

    private string Format(string text, TimeZoneInfo zone)
    {
        var time = core.Services.Loop.Now;
        var bar = text.IndexOf('|', StringComparison.Ordinal);
        if (bar > 0 && long.TryParse(text[..bar], out var epoch) && epoch is >= 0 and < 253_402_300_799)
        {
            time = DateTimeOffset.FromUnixTimeSeconds(epoch);
            text = text[(bar + 1)..];
        }

        return StrFTime.Format(TimeZoneInfo.ConvertTime(time, zone), text.Length == 0 ? "%Y-%m-%d %T" : text);
    }

    private string InZone(string text)
    {
        var words = Arguments.Split(text, 2);
        return words.Count == 2 && TimeZoneInfo.TryFindSystemTimeZoneById(words[0], out var zone) ? Format(words[1], zone) : "-ERR Invalid Timezone\n";
    }

    private async Task<string> Expand(ApiTable table, string text, Leg? leg, bool run)
    {
        if (text.StartsWith("uuid:", StringComparison.Ordinal))
        {
            var words = text[5..].Split(' ', 2);
            leg = core.Table.FindLive(words[0]) ?? leg;
            text = words.ElementAtOrDefault(1) ?? "";
        }

        var expanded = await expander.ExpandAsync(leg, text);
        if (!run)
        {
            return expanded;
        }

        var command = expanded.Split(' ', 2);
        return await table.ExecuteAsync(command[0], command.ElementAtOrDefault(1) ?? "", leg);
    }
}
