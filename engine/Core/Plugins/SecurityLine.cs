using System.Globalization;
using System.Net;
using System.Text;

namespace XSwitchEngine.Core.Plugins;

/// <summary>The stable format of <c>security.log</c>, on which ban filters rely.</summary>
/// <remarks>
/// <c>2026-11-23T02:00:00.000Z auth_fail ip=203.0.113.9 port=5071 user="1000" method="REGISTER"</c>:
/// time, event, address and port unquoted and in this order; then quoted values in which quotes and backslashes are escaped by a backslash and
/// control characters written out, so that nothing a peer sends can forge a field or a line.
/// </remarks>
internal static class SecurityLine
{
    private const int MaxValue = 256;
    private const int MaxFields = 16;

    /// <summary>Formats one line, without a line end.</summary>
    public static string Format(DateTimeOffset now, string what, IPEndPoint source, ReadOnlySpan<(string Name, string Value)> fields)
    {
        var line = new StringBuilder(160);
        line.Append(now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)).Append(' ');
        AppendName(line, what);
        var address = source.Address.IsIPv4MappedToIPv6 ? source.Address.MapToIPv4() : source.Address;
        line.Append(CultureInfo.InvariantCulture, $" ip={address} port={source.Port}");
        foreach (var (name, value) in fields[..Math.Min(fields.Length, MaxFields)])
        {
            line.Append(' ');
            AppendName(line, name);
            line.Append('=');
            LogText.AppendQuoted(line, value ?? "", MaxValue);
        }

        return line.ToString();
    }

    private static void AppendName(StringBuilder line, string name)
    {
        foreach (var c in name.AsSpan(0, Math.Min(name.Length, 64)))
        {
            line.Append(char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_');
        }
    }
}
