using System.Security;
using System.Text;
using System.Text.Json;

namespace XSwitchEngine.Core.Calls.Api;

/// <summary>Formats of <c>show</c>: CSV with a header line, delimited, JSON, XML, count (Lua API 15.3).</summary>
internal static class ListFormat
{
    /// <summary>Formats rows.</summary>
    /// <param name="columns">Column names.</param>
    /// <param name="rows">Rows, each with as many values.</param>
    /// <param name="options">What stands behind <c>show channels</c>: <c>count</c>, <c>like text</c>, <c>as json|xml|csv|delim X</c>.</param>
    public static string Format(IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string>> rows, string options)
    {
        var words = options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var like = Array.IndexOf(words, "like") is >= 0 and var at && at + 1 < words.Length ? words[at + 1] : null;
        if (like is not null)
        {
            rows = [.. rows.Where(r => r.Any(v => v.Contains(like, StringComparison.OrdinalIgnoreCase)))];
        }

        if (words.Contains("count"))
        {
            return Total(rows.Count);
        }

        var format = Array.IndexOf(words, "as") is >= 0 and var asAt && asAt + 1 < words.Length ? words[asAt + 1] : "csv";
        return format switch
        {
            "json" => Json(columns, rows),
            "xml" => Xml(columns, rows),
            "delim" => Lines(columns, rows, words.ElementAtOrDefault(Array.IndexOf(words, "delim") + 1) ?? ","),
            _ => Lines(columns, rows, ","),
        };
    }

    /// <summary>An event's headers as XML.</summary>
    /// <param name="headers">The headers.</param>
    public static string XmlEvent(IEnumerable<KeyValuePair<string, string>> headers)
    {
        var text = new StringBuilder("<event>\n  <headers>\n");
        foreach (var (name, value) in headers)
        {
            text.Append("    <").Append(Element(name)).Append('>').Append(Escape(value)).Append("</").Append(Element(name)).Append(">\n");
        }

        return text.Append("  </headers>\n</event>\n").ToString();
    }

    private static string Total(int count) => $"\n{count} total.\n";

    private static string Lines(IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string>> rows, string delimiter)
    {
        var text = new StringBuilder();
        if (rows.Count > 0)
        {
            text.AppendJoin(delimiter, columns).Append('\n');
        }

        foreach (var row in rows)
        {
            text.AppendJoin(delimiter, row.Select(v => v.Contains(delimiter, StringComparison.Ordinal) || v.Contains('"', StringComparison.Ordinal) || v.Contains('\n', StringComparison.Ordinal)
                ? '"' + v.Replace("\"", "\"\"", StringComparison.Ordinal).Replace("\n", " ", StringComparison.Ordinal) + '"' : v)).Append('\n');
        }

        return text.Append(Total(rows.Count)).ToString();
    }

    private static string Json(IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        if (rows.Count == 0)
        {
            return "{\"row_count\": 0}\n";
        }

        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteNumber("row_count", rows.Count);
            writer.WriteStartArray("rows");
            foreach (var row in rows)
            {
                writer.WriteStartObject();
                for (var i = 0; i < columns.Count; i++)
                {
                    writer.WriteString(columns[i], row[i]);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static string Xml(IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var text = new StringBuilder($"<result row_count=\"{rows.Count}\">\n");
        for (var r = 0; r < rows.Count; r++)
        {
            text.Append($"  <row row_id=\"{r + 1}\">\n");
            for (var i = 0; i < columns.Count; i++)
            {
                text.Append("    <").Append(columns[i]).Append('>').Append(Escape(rows[r][i])).Append("</").Append(columns[i]).Append(">\n");
            }

            text.Append("  </row>\n");
        }

        return text.Append("</result>\n").ToString();
    }

    /// <summary>Characters that XML 1.0 cannot carry at all are left out.</summary>
    private static string Escape(string value) =>
        SecurityElement.Escape(string.Concat(value.Where(c => c >= ' ' || c is '\t' or '\n' or '\r')))!;

    private static string Element(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' ? c : '_'));
}
