using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>Tells the core of a new call: who calls whom, and the channel variables that scripts know.</summary>
internal static class IncomingCall
{
    private const int MaxCustomHeaders = 64;

    /// <summary>The dialled number: the user part of the Request-URI, or what the trunk says.</summary>
    public static string DestinationOf(SipContext context, SipMessage request, in Flow flow)
    {
        var number = SipUri.TryParse(request.RequestUri, out var uri) ? SipText.DecodeUser(uri.User) : "";
        if (context.Gateways.Find(flow.Remote.Address) is not { } gateway)
        {
            return number;
        }

        // A trunk that we registered with calls our Contact; the number that was dialled stands in To then.
        return gateway.Options.Extension.Length > 0 ? gateway.Options.Extension
            : number == "gw+" + gateway.Options.Name && NameAddress.TryParse(request.To, out var to) && SipUri.TryParse(to.Uri, out var called) ? SipText.DecodeUser(called.User)
            : number;
    }

    public static void Report(SipContext context, SipLeg leg, SipMessage request, in Flow flow, DirectoryUser? user, string? offer, LegId replaced)
    {
        // All of them were read before; a part that is missing is empty.
        _ = NameAddress.TryParse(request.From, out var from);
        _ = NameAddress.TryParse(request.To, out var to);
        _ = SipUri.TryParse(from.Uri, out var fromUri);
        _ = SipUri.TryParse(to.Uri, out var toUri);
        _ = SipUri.TryParse(request.RequestUri, out var requestUri);
        var fromUser = SipText.DecodeUser(fromUri.User);
        var fromHost = SipText.Decode(fromUri.Host);
        var domain = user?.Domain ?? fromHost;
        var name = SipText.Unquote(from.Display);
        var number = fromUser;
        var options = context.OptionsOf(flow);
        var gateway = user is null ? context.Gateways.Find(flow.Remote.Address) : null;
        var identity = CallerIdentity.Read(request, user, options.TrustsIdentity && user is null);
        if (identity.Number.Length > 0)
        {
            (number, name) = (identity.Number, identity.Name.Length > 0 ? identity.Name : name);
        }
        else if (user is not null && fromUser != user.Number)
        {
            // Who calls is who proved it, whatever From says.
            number = user.CallerIdNumber.Length > 0 ? user.CallerIdNumber : user.Number;
            name = user.CallerIdName;
            fromUser = user.Number;
        }

        var caller = new IncomingCaller(
            SipPlugin.Endpoint,
            leg.Profile,
            $"sofia/{leg.Profile}/{fromUser}@{domain}",
            user,
            name,
            number,
            leg.ContactUser,
            flow.Remote)
        {
            Domain = domain,
            Local = flow.Local.Address,
            Context = gateway is { Options.Context.Length: > 0 } ? gateway.Options.Context : options.Context,
            Replaces = replaced,
            ShownNumber = user is not null && identity.Number.Length > 0 ? identity.Number : null,
        };
        var ip = AccessList.Plain(flow.Remote.Address).ToString();
        var port = flow.Remote.Port.ToString();
        var variables = new List<KeyValuePair<string, string>>(32)
        {
            new("sofia_profile_name", leg.Profile),
            new("sip_call_id", SipText.Decode(request.CallId)),
            new("sip_from_user", fromUser),
            new("sip_from_host", fromHost),
            new("sip_from_uri", fromUser + "@" + fromHost),
            new("sip_from_tag", SipText.Decode(request.FromTag)),
            new("sip_to_user", SipText.DecodeUser(toUri.User)),
            new("sip_to_host", SipText.Decode(toUri.Host)),
            new("sip_req_user", leg.ContactUser),
            new("sip_req_host", SipText.Decode(requestUri.Host)),
            new("sip_network_ip", ip),
            new("sip_network_port", port),
            new("sip_received_ip", ip),
            new("sip_received_port", port),
            new("sip_via_protocol", ViaHeader.LowerName(flow.Transport)),
            new("sip_cseq", request.CSeq.ToString()),
            new("max_forwards", Math.Max(0, request.MaxForwards - 1).ToString()),
        };
        if (from.Display.Length > 0)
        {
            variables.Add(new("sip_from_display", SipText.Unquote(from.Display)));
        }

        var contacts = new ValueReader(request.Value(HeaderName.Contact));
        if (contacts.TryNext(out var value) && NameAddress.TryParse(value, out var contact) && SipUri.TryParse(contact.Uri, out var contactUri))
        {
            variables.Add(new("sip_contact_user", SipText.DecodeUser(contactUri.User)));
            variables.Add(new("sip_contact_host", SipText.Decode(contactUri.Host)));
            variables.Add(new("sip_contact_uri", SipText.Decode(contact.Uri)));
        }

        if (request.Has(HeaderName.UserAgent))
        {
            variables.Add(new("sip_user_agent", SipText.Decode(request.Value(HeaderName.UserAgent))));
        }

        if (ViaHeader.TryParse(request.TopVia, out var via))
        {
            variables.Add(new("sip_via_host", SipText.Decode(via.Host)));
            variables.Add(new("sip_via_port", (via.Port == 0 ? 5060 : via.Port).ToString()));
        }

        if (user is not null)
        {
            variables.Add(new("sip_authorized", "true"));
            variables.Add(new("sip_auth_username", user.Number));
            variables.Add(new("sip_auth_realm", user.Domain));
        }
        else
        {
            // Only a network that is let in without credentials is believed about who calls (RFC 3325 §5).
            variables.Add(new("sip_acl_authed_by", leg.Profile == "external" ? "acl" : "internalAcl"));
        }

        if (gateway is not null)
        {
            gateway.CallsIn++;
            variables.Add(new("sip_gateway", gateway.Options.Name));
            variables.Add(new("sip_gateway_name", gateway.Options.Name));
        }

        if (identity.IsPrivate)
        {
            variables.Add(new("origination_privacy", "full"));
        }

        if (options.Codecs.Length > 0)
        {
            variables.Add(new("codec_string", options.Codecs));
        }

        AddCustomHeaders(request, variables, isTrusted: user is null && options.TrustsIdentity);
        context.Host.Calls.Post(new LegEvent.Incoming(leg.Id, caller, offer, variables));
    }

    /// <summary>Headers that begin with <c>X-</c>, and identity headers of trusted peers, become <c>sip_h_NAME</c>.</summary>
    private static void AddCustomHeaders(SipMessage request, List<KeyValuePair<string, string>> variables, bool isTrusted)
    {
        var added = 0;
        for (var i = 0; i < request.FieldCount && added < MaxCustomHeaders; i++)
        {
            ref readonly var field = ref request.Field(i);
            if (field.Id != HeaderName.Other)
            {
                continue;
            }

            var name = request.At(field.Name);
            var isCustom = name.Length > 2 && name[0] is (byte)'X' or (byte)'x' && name[1] == '-';
            var isIdentity = isTrusted
                && (SipText.EqualsIgnoreCase(name, "P-Asserted-Identity"u8) || SipText.EqualsIgnoreCase(name, "Privacy"u8)
                    || SipText.EqualsIgnoreCase(name, "Remote-Party-ID"u8) || SipText.EqualsIgnoreCase(name, "Diversion"u8) || SipText.EqualsIgnoreCase(name, "History-Info"u8));
            if (isCustom || isIdentity || SipText.EqualsIgnoreCase(name, "Alert-Info"u8) || SipText.EqualsIgnoreCase(name, "Call-Info"u8))
            {
                variables.Add(new("sip_h_" + Encoding.ASCII.GetString(name), SipText.Decode(request.At(field.Value))));
                added++;
            }
        }
    }
}
