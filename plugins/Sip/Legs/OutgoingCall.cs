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

    /// <summary>The trunk that it goes by, or empty.</summary>
    public string Gateway { get; private set; } = "";

    /// <summary>Where it goes, as its URI says.</summary>
    public Hop Hop { get; private set; }

    /// <summary>Name to look up, when the address is not numeric.</summary>
    public string HostName => Hop.Host;

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
            : command.Target.Profile == "gateway" ? made.TryGateway(context, command.Target.Address, out cause, out text)
            : made.TryAddress(context, command.Target.Address, variables, out cause, out text);
        if (!found)
        {
            return false;
        }

        made.WriteIdentity(context, command, variables);
        call = made;
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

        Routes = BindingWay.Routes(context, binding);
        var isFound = BindingWay.TryFind(context, binding, Hint, out var flow, out text);
        Flow = flow;
        return isFound;
    }

    /// <summary>A trunk: <c>NAME/number</c>, or <c>profile::NAME/number</c> as FreeSWITCH has it too.</summary>
    private bool TryGateway(SipContext context, string address, out HangupCause cause, out string text)
    {
        cause = HangupCause.InvalidGateway;
        var slash = address.IndexOf('/', StringComparison.Ordinal);
        var name = slash < 0 ? address : address[..slash];
        name = name[(name.LastIndexOf(':') + 1)..];
        text = "No gateway " + name;
        if (slash < 0 || context.Gateways.Find(name) is not { } gateway)
        {
            return false;
        }

        var options = gateway.Options;
        if (!gateway.IsUsable)
        {
            (cause, text) = (HangupCause.GatewayDown, $"Gateway {name} is down");
            return false;
        }

        (Gateway, Profile, AuthUser, AuthPassword, AuthRealm) = (name, options.Profile, options.Username, options.Password, options.RealmToAnswer);
        var number = address[(slash + 1)..];
        RequestUri = number.Contains('@', StringComparison.Ordinal)
            ? context.Block.Clear().Raw("sip:"u8).Value(number).ToArray()
            : context.Block.Clear().Raw("sip:"u8).User(number).Raw("@"u8).Value(options.Realm).ToArray();
        if (number.Length == 0 || !SipUri.TryParse(RequestUri, out var uri) || !uri.Headers.IsEmpty || !SipUri.TryParse(options.ProxyUri(), out var proxy))
        {
            (cause, text) = (HangupCause.InvalidUrl, "Malformed number");
            return false;
        }

        To = context.Block.Clear().Raw("<"u8).Raw(RequestUri).Raw(">"u8).ToArray();
        gateway.CallsOut++;
        if (gateway.Ways.Count == 0)
        {
            return TryHop(context, proxy, out cause, out text);
        }

        _ = Hop.TryRead(proxy, out var hop);
        Hop = hop;
        Take(gateway.Ways);
        var isFound = TryNextFlow(context, out var flow);
        Flow = flow;
        (cause, text) = (HangupCause.NetworkOutOfOrder, "No way to gateway " + name);
        return isFound;
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
            Profile = context.Listeners.Count > 0 ? context.Listeners[0].Profile : "";
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
}
