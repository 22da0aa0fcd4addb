using System.Globalization;
using System.Text;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Sip;

/// <summary>The API commands <c>sofia</c> and <c>sofia_contact</c>, in the form that FreeSWITCH users know.</summary>
internal sealed class SipApi(SipContext context)
{
    private readonly SipServiceApi _services = new(context);

    private const string Rule = "=================================================================================================";

    private const string Usage = """
        USAGE:
        --------------------------------------------------------------------------------
        sofia status
        sofia status profile <name> [reg [<user>[@<domain>]]]
        sofia status gateway [<name>]
        sofia profile <name> siptrace on|off
        sofia profile <name> register|unregister|killgw <gateway>|all
        sofia global siptrace on|off
        sofia trace on|off|list|clear
        sofia trace ladder <uuid>|<call-id> ...
        sofia trace pcap <uuid>|<call-id> ...
        sofia bans
        sofia unban <address>
        sofia_contact [<profile>/]<user>[@<domain>]
        --------------------------------------------------------------------------------

        """;

    public void Execute(long key, string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var reply = words switch
        {
            ["sofia", "status"] => Status(),
            ["sofia", "status", "profile", var profile] => ProfileStatus(profile),
            ["sofia", "status", "profile", var profile, "reg"] => Registrations(profile, ""),
            ["sofia", "status", "profile", var profile, "reg", var user] => Registrations(profile, user),
            ["sofia", "status", "gateway"] => _services.Gateways(),
            ["sofia", "status", "gateway", var gateway] => _services.GatewayStatus(gateway),
            ["sofia", "profile", var profile, "siptrace", "on" or "off"] => Trace(profile, words[^1] == "on"),
            ["sofia", "profile", var profile, "register" or "unregister" or "killgw", var gateway] => _services.Gateway(profile, words[3], gateway),
            ["sofia", "global", "siptrace", "on" or "off"] => _services.TraceAll(words[^1] == "on"),
            ["sofia", "trace", .. var rest] => _services.Trace(rest),
            ["sofia", "bans"] => _services.Bans(),
            ["sofia", "unban", var address] => context.Limiter.Unban(address) ? "+OK\n" : "-ERR not banned\n",
            ["sofia_contact", var user] => Contact(user),
            _ => Usage,
        };
        context.Host.CompleteApi(key, reply);
    }

    private string Url(ListenerInfo listener) =>
        $"sip:mod_sofia@{context.LocalAddresses.Shown(listener)}" + (listener.Transport == TransportKind.Udp ? "" : ";transport=" + listener.Transport.ToString().ToLowerInvariant());

    private string Status()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{"Name",25}\t{"Type",7}\t{"Data",42}\tState\n{Rule}\n");
        foreach (var listener in context.Listeners.OrderBy(l => l.Profile, StringComparer.Ordinal).ThenBy(l => l.Transport))
        {
            text.Append(CultureInfo.InvariantCulture, $"{listener.Profile,25}\t{"profile",7}\t{Url(listener),42}\tRUNNING ({LegsOf(listener.Profile)})\n");
        }

        foreach (var gateway in context.Gateways.All)
        {
            text.Append(CultureInfo.InvariantCulture, $"{gateway.Options.Profile + "::" + gateway.Options.Name,25}\t{"gateway",7}\t{"sip:" + gateway.Options.FromUser + "@" + gateway.Options.Realm,42}\t{Gateways.GatewayTable.NameOf(gateway.State)}\n");
        }

        var profiles = context.Listeners.Select(l => l.Profile).Distinct().Count();
        return text.Append(CultureInfo.InvariantCulture, $"{Rule}\n{profiles} profile{(profiles == 1 ? "" : "s")} 0 aliases\n").ToString();
    }

    private string ProfileStatus(string profile)
    {
        var listeners = context.Listeners.Where(l => l.Profile == profile).OrderBy(l => l.Transport).ToList();
        if (listeners.Count == 0)
        {
            return "Invalid Profile!\n";
        }

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Rule}\n");
        Line(text, "Name", profile);
        Line(text, "Domain Name", context.Host.Directory.Domain);
        Line(text, "Challenge Realm", context.Host.Directory.Domain);
        foreach (var listener in listeners)
        {
            var name = listener.Transport == TransportKind.Udp ? "URL" : listener.Transport.ToString().ToUpperInvariant() + "-URL";
            Line(text, name, Url(listener));
            if (listener.Transport is TransportKind.Ws or TransportKind.Wss)
            {
                Line(text, listener.Transport.ToString().ToUpperInvariant() + "-BIND-URL", Url(listener));
            }
        }

        Line(text, "User-Agent", context.Options.UserAgent);
        Line(text, "Session Timeout", context.Options.Of(profile).SessionExpires.ToString(CultureInfo.InvariantCulture));
        Line(text, "Transactions", context.Transactions.Count.ToString(CultureInfo.InvariantCulture));
        Line(text, "Connections", context.Transport.Connections.ToString(CultureInfo.InvariantCulture));
        Line(text, "CALLS", LegsOf(profile).ToString(CultureInfo.InvariantCulture));
        Line(text, "Registrations", All(profile, "").Count().ToString(CultureInfo.InvariantCulture));
        return text.Append(CultureInfo.InvariantCulture, $"{Rule}\n").ToString();
    }

    private string Registrations(string profile, string filter)
    {
        if (!context.Listeners.Any(l => l.Profile == profile))
        {
            return "Invalid Profile!\n";
        }

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"\nRegistrations:\n{Rule}\n");
        var count = 0;
        foreach (var r in All(profile, filter))
        {
            count++;
            var left = Math.Max(0, (long)(r.Expires - context.Host.Now).TotalSeconds);
            Entry(text, "Call-ID", r.CallId);
            Entry(text, "User", r.Number + "@" + r.Domain);
            Entry(text, "Contact", $"<{r.Contact}>{r.ContactParameters}");
            Entry(text, "Agent", r.UserAgent);
            Entry(text, "Status", $"Registered({r.Transport.ToString().ToUpperInvariant()})(unknown) EXP({r.Expires.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}) EXPSECS({left})");
            Entry(text, "Ping-Status", "Reachable");
            Entry(text, "IP", r.Remote.Address.ToString());
            Entry(text, "Port", r.Remote.Port.ToString(CultureInfo.InvariantCulture));
            Entry(text, "Auth-User", r.Number);
            Entry(text, "Auth-Realm", context.Host.Directory.Domain);
            Entry(text, "MWI-Account", r.Number + "@" + r.Domain);
            text.Append('\n');
        }

        return text.Append(CultureInfo.InvariantCulture, $"Total items returned: {count}\n{Rule}\n").ToString();
    }

    private string Trace(string profile, bool on)
    {
        if (!context.Listeners.Any(l => l.Profile == profile))
        {
            return "Invalid Profile!\n";
        }

        context.Trace.Set(profile, on);
        return (on ? "Enabled" : "Disabled") + " sip debugging on " + profile + "\n";
    }

    private string Contact(string argument)
    {
        var slash = argument.IndexOf('/', StringComparison.Ordinal);
        var profile = slash < 0 ? "" : argument[..slash];
        var address = argument[(slash + 1)..];
        var at = address.IndexOf('@', StringComparison.Ordinal);
        var number = at < 0 ? address : address[..at];
        var domain = at < 0 ? context.Host.Directory.Domain : address[(at + 1)..];
        if (context.Host.Directory.FindUser(number, domain) is not { } user)
        {
            return "error/user_not_registered";
        }

        var contacts = context.Host.Directory.Registrations(user)
            .Where(r => r.Endpoint == SipPlugin.Endpoint && (profile.Length == 0 || profile == "*" || r.Profile == profile))
            .Select(r => $"sofia/{r.Profile}/{r.Contact}")
            .ToList();
        return contacts.Count == 0 ? "error/user_not_registered" : string.Join(',', contacts);
    }

    private IEnumerable<Registration> All(string profile, string filter)
    {
        var at = filter.IndexOf('@', StringComparison.Ordinal);
        var number = at < 0 ? filter : filter[..at];
        var domain = at < 0 ? context.Host.Directory.Domain : filter[(at + 1)..];
        var users = number.Length == 0 ? context.Pings.Users.OrderBy(u => u.Number, StringComparer.Ordinal)
            : context.Host.Directory.FindUser(number, domain) is { } user ? [user]
            : Enumerable.Empty<DirectoryUser>();
        return users
            .SelectMany(u => context.Host.Directory.Registrations(u))
            .Where(r => r.Endpoint == SipPlugin.Endpoint && r.Profile == profile);
    }

    private int LegsOf(string profile) => context.Legs.CountOf(profile);

    private static void Line(StringBuilder text, string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name,-16}\t{value}\n");

    private static void Entry(StringBuilder text, string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name + ":",-12}\t{value}\n");
}
