using System.Globalization;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Gateways;
using XSwitchEngine.Plugins.Sip.Trace;

namespace XSwitchEngine.Plugins.Sip;

/// <summary>Commands of <c>sofia</c> about trunks, traces and bans.</summary>
internal sealed class SipServiceApi(SipContext context)
{
    private const string Rule = "=================================================================================================";

    public string Gateways()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{"Profile::Gateway-Name",25}\t{"Data",42}\t{"State",-9}\tPing\tIB Calls(F/T)\tOB Calls(F/T)\n{Rule}\n");
        foreach (var gateway in context.Gateways.All)
        {
            var o = gateway.Options;
            text.Append(CultureInfo.InvariantCulture, $"{o.Profile + "::" + o.Name,25}\t{"sip:" + o.FromUser + "@" + o.Realm,42}\t{GatewayTable.NameOf(gateway.State),-9}\t{(gateway.IsUp ? "UP" : "DOWN")}\t0/{gateway.CallsIn}\t{gateway.Failures}/{gateway.CallsOut}\n");
        }

        return text.Append(CultureInfo.InvariantCulture, $"{Rule}\n{context.Gateways.Count} gateway{(context.Gateways.Count == 1 ? "" : "s")}\n").ToString();
    }

    public string GatewayStatus(string name)
    {
        if (Find(name) is not { } gateway)
        {
            return "Invalid Gateway!\n";
        }

        var o = gateway.Options;
        var text = new StringBuilder(Rule + "\n");
        Line(text, "Name", o.Name);
        Line(text, "Profile", o.Profile);
        Line(text, "Scheme", "Digest");
        Line(text, "Realm", o.AuthRealm);
        Line(text, "Username", o.Username);
        Line(text, "Password", o.Password.Length > 0 ? "yes" : "no");
        Line(text, "From", $"<sip:{o.FromUser}@{o.FromDomain}>");
        Line(text, "Contact", $"gw+{o.Name}");
        Line(text, "Exten", o.Extension);
        Line(text, "To", $"sip:{o.FromUser}@{o.Realm}");
        Line(text, "Proxy", Encoding.UTF8.GetString(o.ProxyUri()));
        Line(text, "Addresses", string.Join(", ", gateway.Ways.Select(w => $"{w.Transport.ToString().ToLowerInvariant()}/{w.Remote}")));
        Line(text, "Context", o.Context);
        Line(text, "Expires", o.ExpireSeconds.ToString(CultureInfo.InvariantCulture));
        Line(text, "Freq", gateway.State == GatewayState.Reged ? Math.Max(0, (long)(gateway.Expires - context.Host.Now).TotalSeconds).ToString(CultureInfo.InvariantCulture) : "");
        Line(text, "PingFreq", o.PingSeconds.ToString(CultureInfo.InvariantCulture));
        Line(text, "State", GatewayTable.NameOf(gateway.State));
        Line(text, "Status", gateway.IsUp ? "UP" : "DOWN");
        Line(text, "LastStatus", gateway.LastStatus.ToString(CultureInfo.InvariantCulture));
        Line(text, "CallsIN", gateway.CallsIn.ToString(CultureInfo.InvariantCulture));
        Line(text, "CallsOUT", gateway.CallsOut.ToString(CultureInfo.InvariantCulture));
        return text.Append(Rule + "\n").ToString();
    }

    public string Gateway(string profile, string what, string name)
    {
        var all = name == "all" ? context.Gateways.All.Where(g => g.Options.Profile == profile).ToList() : Find(name) is { } one ? [one] : [];
        if (all.Count == 0)
        {
            return "Invalid Gateway!\n";
        }

        foreach (var gateway in all)
        {
            switch (what)
            {
                case "register":
                    gateway.Register();
                    break;
                case "unregister":
                    gateway.Unregister();
                    break;
                default:
                    context.Gateways.Remove(gateway);
                    break;
            }
        }

        return "+OK\n";
    }

    public string TraceAll(bool on)
    {
        context.Trace.SetAll(on);
        return $"+OK Global siptrace {(on ? "on" : "off")}\n";
    }

    public string Trace(string[] words)
    {
        switch (words)
        {
            case ["on" or "off"]:
                return TraceAll(words[0] == "on");
            case ["list"]:
                return context.Trace.Buffer.List();
            case ["clear"]:
                context.Trace.Buffer.Clear();
                return "+OK\n";
            case ["ladder", .. var calls] when calls.Length > 0:
                return TraceBuffer.Ladder(context.Trace.Buffer.Of(CallIds(calls)));
            case ["pcap", .. var calls] when calls.Length > 0:
                // A capture file as text, since a reply is text: base64 -d makes the file of it.
                var messages = context.Trace.Buffer.Of(CallIds(calls));
                return messages.Count == 0 ? "-ERR nothing was captured of this call\n" : Convert.ToBase64String(PcapFile.Write(messages), Base64FormattingOptions.InsertLineBreaks) + "\n";
            default:
                return "-USAGE: sofia trace on|off|list|clear|ladder <call> ...|pcap <call> ...\n";
        }
    }

    public string Bans()
    {
        var text = new StringBuilder();
        foreach (var (source, until, bans) in context.Limiter.Banned)
        {
            text.Append(CultureInfo.InvariantCulture, $"{source,-45}\t{until.UtcDateTime:yyyy-MM-dd HH:mm:ss}\t{bans}\n");
        }

        return text.Length == 0 ? "Nobody is banned\n" : text.ToString();
    }

    /// <summary>Call-IDs as given, and those of legs given by their UUID.</summary>
    private HashSet<string> CallIds(string[] calls)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var call in calls)
        {
            ids.Add(call);
            if (Guid.TryParse(call, out var id) && context.Trace.CallIdOf(new LegId(id)) is { } callId)
            {
                ids.Add(callId);
            }
        }

        return ids;
    }

    private Gateway? Find(string name) => context.Gateways.Find(name[(name.LastIndexOf(':') + 1)..]);

    private static void Line(StringBuilder text, string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name,-8}\t{value}\n");
}
