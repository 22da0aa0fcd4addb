using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>What the INVITE of an outgoing leg is made of.</summary>
internal sealed partial class OutgoingCall
{
    public string Profile { get; private set; } = "";

    public byte[] RequestUri { get; private set; } = [];

    public byte[] Routes { get; private set; } = [];

    public byte[] From { get; private set; } = [];

    public byte[] To { get; private set; } = [];

    public byte[] CallId { get; private set; } = [];

    public byte[] LocalTag { get; private set; } = [];

    public uint CSeq { get; set; }

    /// <summary>Custom header lines.</summary>
    public byte[] Headers { get; private set; } = [];

    public int MaxForwards { get; private set; } = 70;

    public string ContactUser { get; private set; } = "";

    /// <summary>Number of the registered user that is called, or empty.</summary>
    public string UserNumber { get; private set; } = "";

    public string AuthUser { get; private set; } = "";

    public string AuthPassword { get; private set; } = "";

    /// <summary>The only realm that gets the credentials; null for the first that asks.</summary>
    public string? AuthRealm { get; private set; }

    /// <summary>Smallest session interval that the peer accepts, learnt from 422.</summary>
    public int MinSessionExpires { get; set; }

    public int IntervalTries { get; set; }

    /// <summary>The way; empty until the host name is looked up.</summary>
    public Flow Flow { get; set; }

    /// <summary>Name to look up, when the address is not numeric.</summary>
    public string HostName { get; private set; } = "";

    private int Port { get; set; }

    private TransportKind Transport { get; set; }

    private IPAddress? Hint { get; set; }

    public static bool TryCreate(SipContext context, LegCommand.Originate command, [NotNullWhen(true)] out OutgoingCall? call, out HangupCause cause, out string text)
    {
        var variables = new CallVariables(command.Variables);
        var made = new OutgoingCall
        {
            Profile = command.Target.Profile,
            CallId = context.NewCallId(),
            LocalTag = context.NewTag(),
            CSeq = (uint)context.NextRandom(0x4000_0000),
            AuthUser = variables["sip_auth_username"],
            AuthPassword = variables["sip_auth_password"],
            AuthRealm = variables["sip_auth_realm"] is { Length: > 0 } realm ? realm : null,
            Hint = ConnectionAddress(command.Offer),
        };
        call = null;
        cause = HangupCause.None;
        text = "";
        if (variables["max_forwards"] is { Length: > 0 } hops && int.TryParse(hops, out var left))
        {
            made.MaxForwards = Math.Clamp(left, 0, 255);
            if (left <= 0)
            {
                (cause, text) = (HangupCause.ExchangeRoutingError, "Too many hops");
                return false;
            }
        }

        var found = command.Target.Binding is { } binding
            ? made.TryBinding(context, binding, out cause, out text)
            : made.TryAddress(context, command.Target.Address, variables, out cause, out text);
        if (!found)
        {
            return false;
        }

        made.WriteIdentity(context, command, variables);
        call = made;
        return true;
    }

    /// <summary>The way to an address that the host name has.</summary>
    public bool TryFlow(SipContext context, IPAddress address, out Flow flow)
    {
        flow = default;
        if (context.ListenerFor(Profile, Transport, address) is not { } listener)
        {
            return false;
        }

        var remote = new IPEndPoint(address, Port);
        var local = context.LocalAddresses.Find(listener.Id, address, Hint);
        flow = Transport == TransportKind.Udp
            ? new Flow(listener.Id, default, remote, local, Transport)
            : context.Transport.Connect(listener, remote);
        return true;
    }

    /// <summary>Variables learnt with the answer.</summary>
    public static List<KeyValuePair<string, string>> AnswerVariables(SipMessage response, Dialog dialog)
    {
        var variables = new List<KeyValuePair<string, string>>(6)
        {
            new("sip_call_id", SipText.Decode(dialog.CallId)),
            new("sip_to_tag", SipText.Decode(dialog.RemoteTag)),
            new("sip_from_tag", SipText.Decode(dialog.LocalTag)),
            new("sip_contact_uri", SipText.Decode(dialog.Target)),
            new("sip_network_ip", Security.AccessList.Plain(dialog.Flow.Remote.Address).ToString()),
        };
        if (response.Has(HeaderName.UserAgent) || response.Has(HeaderName.Server))
        {
            var agent = response.Has(HeaderName.UserAgent) ? response.Value(HeaderName.UserAgent) : response.Value(HeaderName.Server);
            variables.Add(new("sip_user_agent", SipText.Decode(agent)));
        }

        return variables;
    }

    /// <summary>A registered contact: its URI as sent, by the flow that it registered on.</summary>
    private bool TryBinding(SipContext context, Registration binding, out HangupCause cause, out string text)
    {
        cause = HangupCause.DestinationOutOfOrder;
        text = "";
        Profile = binding.Profile;
        UserNumber = binding.Number;
        RequestUri = Encoding.UTF8.GetBytes(binding.Contact);
        To = context.Block.Clear().Raw("<sip:"u8).User(binding.Number).Raw("@"u8).Value(binding.Domain).Raw(">"u8).ToArray();
        if (!SipUri.TryParse(RequestUri, out _))
        {
            (cause, text) = (HangupCause.InvalidUrl, "Malformed contact");
            return false;
        }

        context.Block.Clear();
        foreach (var path in binding.Path)
        {
            context.Block.Raw("Route: "u8).Value(path).Line();
        }

        Routes = context.Block.ToArray();
        var listener = context.ListenerByName(binding.ListenerName) ?? context.ListenerFor(binding.Profile, binding.Transport, binding.Remote.Address);
        if (listener is null)
        {
            text = "No listener for the contact";
            return false;
        }

        if (binding.Transport == TransportKind.Udp)
        {
            Flow = new Flow(listener.Id, default, binding.Remote, context.LocalAddresses.Find(listener.Id, binding.Remote.Address, Hint), TransportKind.Udp);
            return true;
        }

        if (context.Transport.Find(binding.Connection) is { } connection)
        {
            Flow = connection.Flow;
            return true;
        }

        // A browser or a phone behind a NAT can only be reached by its own connection (RFC 5626 §5.3).
        if (binding.Transport is TransportKind.Ws or TransportKind.Wss || !SipUri.TryParse(RequestUri, out var contact) || !contact.TryAddress(out var address))
        {
            text = "Flow failed";
            return false;
        }

        Flow = context.Transport.Connect(listener, new IPEndPoint(address, contact.Port == 0 ? 5060 : contact.Port));
        return true;
    }

    /// <summary>An address: <c>user@host[:port][;transport=tcp]</c>, with or without scheme.</summary>
    private bool TryAddress(SipContext context, string address, CallVariables variables, out HangupCause cause, out string text)
    {
        cause = HangupCause.InvalidUrl;
        text = "Malformed address";
        address = address.Trim();
        var hasScheme = address.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) || address.StartsWith("sips:", StringComparison.OrdinalIgnoreCase);
        RequestUri = context.Block.Clear().Value(hasScheme ? address : "sip:" + address).ToArray();
        if (!SipUri.TryParse(RequestUri, out var uri) || !uri.Headers.IsEmpty || RequestUri.Length > SipLimits.Identifier)
        {
            return false;
        }

        if (!address.Contains('@', StringComparison.Ordinal))
        {
            (cause, text) = (HangupCause.UserNotRegistered, "No host in address");
            return false;
        }

        if (Profile.Length == 0)
        {
            Profile = context.Listeners.FirstOrDefault()?.Profile ?? "";
        }
        else if (!context.Listeners.Any(l => l.Profile == Profile))
        {
            (cause, text) = (HangupCause.InvalidProfile, "No profile " + Profile);
            return false;
        }

        To = context.Block.Clear().Raw("<"u8).Value(RequestUri).Raw(">"u8).ToArray();
        var hop = uri;
        if (variables["sip_route_uri"] is { Length: > 0 } route)
        {
            var routeUri = context.Block.Clear().Value(route.Trim().Trim('<', '>')).ToArray();
            if (!SipUri.TryParse(routeUri, out hop))
            {
                return false;
            }

            Routes = context.Block.Clear().Raw("Route: <"u8).Raw(routeUri).Raw(hop.IsLooseRouter ? ">\r\n"u8 : ";lr>\r\n"u8).ToArray();
        }

        return TryHop(context, hop, out cause, out text);
    }

    private bool TryHop(SipContext context, in SipUri hop, out HangupCause cause, out string text)
    {
        cause = HangupCause.NetworkOutOfOrder;
        text = "No listener for this transport";
        Transport = TransportKind.Udp;
        if (hop.TryParameter("transport"u8, out var name))
        {
            if (SipText.EqualsIgnoreCase(name, "tcp"u8))
            {
                Transport = TransportKind.Tcp;
            }
            else if (SipText.EqualsIgnoreCase(name, "tls"u8))
            {
                Transport = TransportKind.Tls;
            }
            else if (!SipText.EqualsIgnoreCase(name, "udp"u8))
            {
                return false;
            }
        }

        if (hop.Scheme == UriScheme.Sips)
        {
            Transport = TransportKind.Tls;
        }

        Port = hop.Port != 0 ? hop.Port : Transport == TransportKind.Tls ? 5061 : 5060;
        if (hop.TryAddress(out var address))
        {
            var isFound = TryFlow(context, address, out var flow);
            Flow = flow;
            return isFound;
        }

        HostName = SipText.Decode(hop.Host);
        var transport = Transport;
        return context.Listeners.Any(l => l.Profile == Profile && l.Transport == transport);
    }

    private void WriteIdentity(SipContext context, LegCommand.Originate command, CallVariables variables)
    {
        var block = context.Block;
        var number = command.CallerNumber;
        var name = command.CallerName;
        var privacy = variables["origination_privacy"] is { Length: > 0 } stated ? stated : variables["privacy"];
        var hidesNumber = privacy.Contains("number", StringComparison.OrdinalIgnoreCase) || privacy.Contains("full", StringComparison.OrdinalIgnoreCase)
            || privacy is "yes" or "true" || privacy.Contains("id", StringComparison.OrdinalIgnoreCase);
        ContactUser = variables["sip_contact_user"] is { Length: > 0 } contact ? contact : hidesNumber || number.Length == 0 ? "anonymous" : number;
        block.Clear();
        var domain = variables["sip_invite_domain"] is { Length: > 0 } invite ? invite : UserNumber.Length > 0 ? context.Host.Directory.Domain : "";
        if (hidesNumber)
        {
            block.Raw("\"Anonymous\" <sip:anonymous@anonymous.invalid>"u8);
        }
        else
        {
            if (name.Length > 0)
            {
                block.Quoted(name).Raw(" "u8);
            }

            var given = variables["sip_from_uri"].Trim().Trim('<', '>');
            if (given.Length > 0 && SipUri.TryParse(Encoding.UTF8.GetBytes(given), out _))
            {
                block.Raw("<"u8).Value(given).Raw(">"u8);
            }
            else
            {
                block.Raw("<sip:"u8).User(number.Length > 0 ? number : "anonymous").Raw("@"u8);
                WriteDomain(context, block, domain);
                block.Raw(">"u8);
            }
        }

        From = block.Raw(";tag="u8).Raw(LocalTag).ToArray();
        block.Clear();
        if (hidesNumber)
        {
            block.Raw("Privacy: id\r\n"u8);
        }

        if (variables["sip_cid_type"] == "pid" && number.Length > 0)
        {
            block.Raw("P-Asserted-Identity: "u8).Quoted(name).Raw(" <sip:"u8).User(number).Raw("@"u8);
            WriteDomain(context, block, domain);
            block.Raw(">\r\n"u8);
        }

        variables.WriteHeaders(block);
        Headers = block.ToArray();
    }

    private void WriteDomain(SipContext context, SipWriter block, string domain)
    {
        if (domain.Length > 0)
        {
            block.Value(domain);
        }
        else if (!Flow.IsEmpty)
        {
            context.WriteSentBy(block, Flow);
        }
        else
        {
            block.Value(context.Host.Directory.Domain);
        }
    }

    /// <summary>The address of the media that we offer: where it goes out, signalling to the same peer does too.</summary>
    private static IPAddress? ConnectionAddress(string? sdp)
    {
        var at = sdp?.IndexOf("c=IN IP", StringComparison.Ordinal) ?? -1;
        if (at < 0)
        {
            return null;
        }

        var rest = sdp.AsSpan(at + 9);
        var end = rest.IndexOfAny('\r', '\n', '/');
        return IPAddress.TryParse(end < 0 ? rest : rest[..end], out var address) && !address.Equals(IPAddress.Any) ? address : null;
    }
}
