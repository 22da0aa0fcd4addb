using System.Globalization;
using System.Net;
using XSwitchEngine.Core.Directory;
using XSwitchEngine.Core.Plugins;
using XSwitchEngine.Core;

namespace XSwitchEngine.Host.Configuration;

/// <summary>Rules over several options, or with more sense than a type and a range.</summary>
internal static class OptionRules
{
    private const int ShortestPassword = 8;
    private static readonly string[] Codecs = ["OPUS", "G722", "PCMA", "PCMU", "L16"];

    private static readonly string[] Permissions =
        [DirectoryPermissions.Sip, DirectoryPermissions.WebRtc, DirectoryPermissions.Api, DirectoryPermissions.Admin];

    /// <summary>Checks section <c>Engine</c>.</summary>
    /// <param name="options">As bound.</param>
    /// <param name="node">The section, or null.</param>
    /// <param name="faults">Receives faults.</param>
    public static void Check(EngineOptions options, ConfigNode? node, List<ConfigFault> faults)
    {
        if (!IsDomain(options.Domain))
        {
            Fault(nameof(options.Domain), "Engine:Domain must be a domain name or an address");
        }

        if (options.RtpPortStart % 2 != 0)
        {
            Fault(nameof(options.RtpPortStart), "Engine:RtpPortStart must be even (RFC 3550 §11)");
        }

        if (options.RtpPortEnd < options.RtpPortStart + 1)
        {
            Fault(nameof(options.RtpPortEnd), $"Engine:RtpPortEnd must be greater than Engine:RtpPortStart ({options.RtpPortStart})");
        }

        if (options.Codecs.Count == 0)
        {
            Fault(nameof(options.Codecs), "Engine:Codecs must name a codec");
        }

        foreach (var codec in options.Codecs.Where(c => !Codecs.Contains(c, StringComparer.OrdinalIgnoreCase)))
        {
            Fault(nameof(options.Codecs), $"Engine:Codecs: unknown codec {codec}{Suggestion.Hint(codec, Codecs)} (codecs are {string.Join(", ", Codecs)})");
        }

        if (Path.IsPathRooted(options.DialplanScript) || options.DialplanScript.Split('/', '\\').Contains(".."))
        {
            Fault(nameof(options.DialplanScript), "Engine:DialplanScript must lie below the script directory");
        }

        CheckUsers(options, Fault);

        void Fault(string key, string message) => faults.Add(new ConfigFault(node?.Find(key)?.Origin ?? "default", message));
    }

    /// <summary>Checks section <c>Http</c>.</summary>
    /// <param name="options">As bound.</param>
    /// <param name="node">The section, or null.</param>
    /// <param name="faults">Receives faults.</param>
    public static void Check(HttpOptions options, ConfigNode? node, List<ConfigFault> faults)
    {
        if (ListenerFault("Address", options.Address) is { } fault)
        {
            faults.Add(new ConfigFault(node?.Find(nameof(options.Address))?.Origin ?? "default", $"Http:Address {fault}"));
        }

        CheckNetworks(nameof(options.MetricsAllow), options.MetricsAllow);
        CheckNetworks(nameof(options.TrustedProxies), options.TrustedProxies);
        if (options.Port != 0 && options.TlsPort == options.Port && options.Tls)
        {
            faults.Add(new ConfigFault(node?.Find(nameof(options.TlsPort))?.Origin ?? "default", $"Http:TlsPort must not be Http:Port ({options.Port})"));
        }

        void CheckNetworks(string key, List<string> networks)
        {
            foreach (var network in networks.Where(n => !TryNetwork(n, out _)))
            {
                faults.Add(new ConfigFault(node?.Find(key)?.Origin ?? "default", $"Http:{key}: {network} is neither an address nor a network such as 192.0.2.0/24"));
            }
        }
    }

    /// <summary>Reads an address or a network.</summary>
    /// <param name="text">Such as <c>192.0.2.1</c> or <c>192.0.2.0/24</c>.</param>
    /// <param name="network">The network; of one address for an address.</param>
    public static bool TryNetwork(string text, out IPNetwork network)
    {
        if (IPAddress.TryParse(text, out var address))
        {
            network = new IPNetwork(address, address.GetAddressBytes().Length * 8);
            return true;
        }

        return IPNetwork.TryParse(text, out network);
    }

    /// <summary>What is wrong with the address or port of a listener, or null.</summary>
    /// <param name="key"><c>Address</c> or <c>Port</c>.</param>
    /// <param name="text">Its value.</param>
    public static string? ListenerFault(string key, string text) => key switch
    {
        "Port" => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535 ? null : "must be a port, 0..65535 (0: chosen by the system)",
        _ => text == "*" || IPAddress.TryParse(text, out _) ? null : "must be an IP address, or * for all",
    };

    private static void CheckUsers(EngineOptions options, Action<string, string> fault)
    {
        var numbers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var user in options.Users)
        {
            if (user.Number.Length is 0 or > 64 || !user.Number.All(c => char.IsAsciiLetterOrDigit(c) || "-_.+*#".Contains(c)))
            {
                fault(nameof(options.Users), $"Engine:Users: number \"{Core.Diagnostics.LogText.Escape(user.Number)}\" must be 1 to 64 letters, digits or -_.+*#");
            }
            else if (!numbers.Add(user.Number))
            {
                fault(nameof(options.Users), $"Engine:Users: {user.Number} is given twice");
            }

            if (user.Password.Length < ShortestPassword)
            {
                fault(nameof(options.Users), $"Engine:Users: the password of {user.Number} must have at least {ShortestPassword} characters");
            }

            foreach (var permission in user.Permissions.Where(p => !Permissions.Contains(p)))
            {
                fault(nameof(options.Users), $"Engine:Users: unknown permission {permission}{Suggestion.Hint(permission, Permissions)} (permissions are {string.Join(", ", Permissions)})");
            }
        }
    }

    private static bool IsDomain(string text) =>
        text.Length is > 0 and <= 253 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':');
}
