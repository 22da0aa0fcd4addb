using System.Globalization;
using System.Text;

namespace XSwitchEngine.Core.Calls;

/// <summary>Expands <c>${name}</c>, <c>${name:offset:length}</c>, <c>${name[0]}</c>, <c>${command(arguments)}</c> and <c>$${global}</c> (Lua API 18). Core loop only.</summary>
internal sealed class Expander(CallServices services)
{
    private const int MaxDepth = 8;
    private const int MaxLength = 256 * 1024;

    /// <summary>Runs an API command in <c>${command(arguments)}</c>. Set by the composition.</summary>
    public Func<string, string, Leg?, Task<string>> RunCommand { get; set; } = static (_, _, _) => Task.FromResult("");

    /// <summary>A value by name: channel variable, field of the leg, global variable.</summary>
    /// <param name="leg">The leg, or null.</param>
    /// <param name="name">Its name.</param>
    public string? Value(Leg? leg, string name)
    {
        if (leg is not null)
        {
            if (leg.Variables[name] is { } own)
            {
                return own;
            }

            if ((name.StartsWith("aleg_", StringComparison.Ordinal) || name.StartsWith("bleg_", StringComparison.Ordinal)) && leg.Peer is { } peer)
            {
                return LegFields.Get(peer, name[5..].ToLowerInvariant());
            }

            if (LegFields.Get(leg, name.ToLowerInvariant()) is { } field)
            {
                return field;
            }
        }

        return services.Globals[name];
    }

    /// <summary>Expands a text.</summary>
    /// <param name="leg">Whose variables; null for globals only.</param>
    /// <param name="text">The text.</param>
    public ValueTask<string> ExpandAsync(Leg? leg, string text) =>
        text.Contains('$', StringComparison.Ordinal) && !(leg?.Variables.IsTrue("app_disable_expand_variables") ?? false)
            ? new(ExpandAsync(leg, text, 0))
            : new(text);

    private async Task<string> ExpandAsync(Leg? leg, string text, int depth)
    {
        if (depth > MaxDepth)
        {
            return text;
        }

        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length && text[i + 1] == '$')
            {
                result.Append('$');
                i++;
                continue;
            }

            var start = text[i] == '$' && i + 1 < text.Length && text[i + 1] == '{' ? i + 2
                : text[i] == '$' && i + 2 < text.Length && text[i + 1] == '$' && text[i + 2] == '{' ? i + 3 : 0;
            var end = start > 0 ? Closing(text, start) : -1;
            if (end < 0)
            {
                result.Append(text[i]);
                continue;
            }

            var inner = await ExpandAsync(leg, text[start..end], depth + 1);
            result.Append(await EvaluateAsync(leg, inner));
            i = end;
            if (result.Length > MaxLength)
            {
                break;
            }
        }

        return result.ToString();
    }

    private async ValueTask<string> EvaluateAsync(Leg? leg, string inner)
    {
        var paren = inner.IndexOf('(', StringComparison.Ordinal);
        if (paren > 0 && inner.EndsWith(')'))
        {
            return await RunCommand(inner[..paren].Trim(), inner[(paren + 1)..^1], leg);
        }

        if (paren < 0 && inner.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space)
        {
            return await RunCommand(inner[..space], inner[(space + 1)..], leg);
        }

        var name = inner;
        var slice = "";
        if (inner.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon)
        {
            (name, slice) = (inner[..colon], inner[(colon + 1)..]);
        }

        var index = -1;
        if (name.EndsWith(']') && name.IndexOf('[', StringComparison.Ordinal) is > 0 and var bracket)
        {
            index = int.TryParse(name.AsSpan(bracket + 1, name.Length - bracket - 2), NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : -1;
            name = name[..bracket];
        }

        var value = Value(leg, name) ?? "";
        if (index >= 0)
        {
            value = value.StartsWith("ARRAY::", StringComparison.Ordinal) ? value[7..].Split("|:").ElementAtOrDefault(index) ?? "" : index == 0 ? value : "";
        }

        return slice.Length == 0 ? value : Slice(value, slice);
    }

    private static string Slice(string value, string slice)
    {
        var parts = slice.Split(':');
        if (!int.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var offset))
        {
            return value;
        }

        offset = offset < 0 ? Math.Max(0, value.Length + offset) : Math.Min(offset, value.Length);
        var rest = value[offset..];
        return parts.Length > 1 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length < rest.Length ? rest[..length] : rest;
    }

    private static int Closing(string text, int from)
    {
        var depth = 1;
        for (var i = from; i < text.Length; i++)
        {
            depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }

        return -1;
    }
}
