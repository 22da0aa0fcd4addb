using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Registrar;

/// <summary>The registrar (RFC 3261 §10.3, RFC 3327, RFC 5626 §6). Bindings are the directory's; this reads requests and writes answers.</summary>
internal sealed class SipRegistrar(SipContext context)
{
    private const int Refused = -1;

    /// <summary>Whether both the address of record and the target of a REGISTER are ours.</summary>
    public static bool IsOurDomain(SipContext context, SipMessage request, in Flow flow) =>
        TryAor(request, out _, out var host) && IsOurHost(context, host, flow)
        && SipUri.TryParse(request.RequestUri, out var uri) && IsOurHost(context, uri.Host, flow);

    /// <summary>Serves an authenticated REGISTER.</summary>
    public void Register(SipMessage request, in Flow flow, DirectoryUser user)
    {
        if (!TryAor(request, out var number, out _) || number != user.Number)
        {
            context.Host.Security("register_other", flow.Remote, ("user", user.Number), ("aor", number));
            context.Core.Reply(request, flow, 403);
            return;
        }

        var changes = new List<Registration>();
        var status = ReadContacts(request, flow, user, changes, out var reason);
        if (status != 0)
        {
            if (status != Refused)
            {
                context.Core.Reply(request, flow, status, reason, status == 423 ? context.Block.Clear().Header("Min-Expires"u8, context.OptionsOf(flow).RegisterMinExpires).ToArray() : null);
            }

            return;
        }

        var outcome = RegisterOutcome.Accepted;
        var bindings = changes.Count == 0
            ? context.Host.Directory.Registrations(user)
            : context.Host.Directory.Register(user, changes, out outcome);
        switch (outcome)
        {
            case RegisterOutcome.OutOfOrder:
                context.Core.Reply(request, flow, 500, "CSeq out of order");
                return;
            case RegisterOutcome.TooMany:
                context.Core.Reply(request, flow, 403, "Too many contacts");
                return;
            case RegisterOutcome.Accepted:
            default:
                break;
        }

        if (flow.IsReliable && changes.Any(c => c.Expires > context.Host.Now) && context.Transport.Find(flow.Connection) is { } connection)
        {
            connection.HoldsBindings = true;
        }

        context.Pings.Note(user);
        context.Host.Count("registers");
        foreach (var change in changes)
        {
            context.Legs.OnRegistered(user.Number, change.Contact, flow);
        }

        context.Core.Reply(request, flow, 200, null, WriteBindings(request, bindings));
    }

    /// <summary>Reads all contacts before any is applied.</summary>
    /// <returns>0, or the status to refuse with.</returns>
    private int ReadContacts(SipMessage request, in Flow flow, DirectoryUser user, List<Registration> changes, out string? reason)
    {
        reason = null;
        var header = -1L;
        if (request.Has(HeaderName.Expires))
        {
            SipText.TryNumber(request.Value(HeaderName.Expires), uint.MaxValue, out header);
        }

        if (!TryPath(request, out var path))
        {
            reason = "Malformed Path";
            return 400;
        }

        var existing = context.Host.Directory.Registrations(user);
        var count = 0;
        var isStar = false;
        for (var i = request.First(HeaderName.Contact); i >= 0; i = request.Field(i).Next)
        {
            var values = new ValueReader(request.At(request.Field(i).Value));
            while (values.TryNext(out var value))
            {
                count++;
                if (value.SequenceEqual("*"u8))
                {
                    isStar = true;
                    continue;
                }

                var status = ReadContact(request, value, header, path, flow, user, existing, changes, out reason);
                if (status != 0)
                {
                    return status;
                }
            }
        }

        if (!isStar)
        {
            return 0;
        }

        if (count != 1 || header != 0)
        {
            reason = "Contact * needs Expires 0 and no other contact";
            return 400;
        }

        changes.AddRange(existing.Where(r => r.Endpoint == SipPlugin.Endpoint).Select(r => r with
        {
            Expires = context.Host.Now,
            CallId = SipText.Decode(request.CallId),
            Sequence = request.CSeq,
        }));
        return 0;
    }

    private int ReadContact(
        SipMessage request,
        ReadOnlySpan<byte> value,
        long header,
        IReadOnlyList<string> path,
        in Flow flow,
        DirectoryUser user,
        IReadOnlyList<Registration> existing,
        List<Registration> changes,
        out string? reason)
    {
        reason = "Malformed Contact";
        var options = context.OptionsOf(flow);
        if (changes.Count >= SipLimits.Contacts)
        {
            reason = "Too many contacts";
            return 403;
        }

        if (!NameAddress.TryParse(value, out var contact) || contact.Uri.Length > SipLimits.Identifier || contact.Parameters.Length > SipLimits.Identifier
            || !SipUri.TryParse(contact.Uri, out var uri) || uri.Scheme is not (UriScheme.Sip or UriScheme.Sips)
            || (!contact.Bracketed && contact.Uri.IndexOf((byte)'?') >= 0)
            || !TryParameters(contact, header, out var kept, out var expires, out var preference, out var instance, out var regId))
        {
            return 400;
        }

        if (expires < 0)
        {
            expires = options.RegisterDefaultExpires;
        }

        if (expires > 0 && expires < options.RegisterMinExpires)
        {
            reason = null;
            return 423;
        }

        expires = Math.Min(expires, options.RegisterMaxExpires);
        var registration = new Registration(user.Number, user.Domain, SipPlugin.Endpoint, context.ProfileOf(flow.Listener), Encoding.UTF8.GetString(contact.Uri))
        {
            ContactParameters = kept,
            Expires = context.Host.Now + TimeSpan.FromSeconds(expires),
            Preference = preference,
            CallId = SipText.Decode(request.CallId),
            Sequence = request.CSeq,
            Instance = instance,
            RegId = regId,
            Path = path,
            UserAgent = SipText.Decode(request.Value(HeaderName.UserAgent)),
            Transport = flow.Transport,
            Remote = flow.Remote,
            ListenerName = context.Listener(flow.Listener)?.Name ?? "",
            Connection = flow.Connection,
            Media = flow.Transport is TransportKind.Ws or TransportKind.Wss || options.WebRtcByDefault || kept.Contains("+sip.ice", StringComparison.OrdinalIgnoreCase)
                ? MediaProfile.WebRtc
                : MediaProfile.Rtp,
        };
        Replace(existing, registration, contact.Uri, changes);
        changes.Add(registration);
        reason = null;
        return 0;
    }

    /// <summary>What the new contact stands for goes: the same flow of the same instance, or an equivalent URI written otherwise.</summary>
    private void Replace(IReadOnlyList<Registration> existing, Registration registration, ReadOnlySpan<byte> contact, List<Registration> changes)
    {
        foreach (var old in existing)
        {
            if (old.Endpoint != SipPlugin.Endpoint || old.Contact == registration.Contact)
            {
                continue;
            }

            var isSameFlow = registration.RegId > 0 && registration.Instance.Length > 0 && old.RegId == registration.RegId && old.Instance == registration.Instance;
            if (isSameFlow || SipUriComparer.AreEqual(Encoding.UTF8.GetBytes(old.Contact), contact))
            {
                changes.Add(old with { Expires = context.Host.Now, CallId = registration.CallId, Sequence = registration.Sequence });
            }
        }
    }

    private static bool TryParameters(in NameAddress contact, long header, out string kept, out long expires, out int preference, out string instance, out int regId)
    {
        var text = new StringBuilder();
        expires = header;
        preference = 1000;
        instance = "";
        regId = 0;
        kept = "";
        var reader = new ParameterReader(contact.Parameters);
        while (reader.TryNext(out var name, out var value))
        {
            if (SipText.EqualsIgnoreCase(name, "expires"u8))
            {
                // A malformed value counts as an hour (RFC 3261 §20.10), an impossible one is refused (RFC 4475 §3.1.2.4).
                if (!SipText.TryNumber(value, uint.MaxValue, out expires))
                {
                    return false;
                }

                continue;
            }

            if (SipText.EqualsIgnoreCase(name, "q"u8))
            {
                if (!TryQ(value, out preference))
                {
                    return false;
                }

                continue;
            }

            if (SipText.EqualsIgnoreCase(name, "+sip.instance"u8))
            {
                instance = SipText.Unquote(value);
            }
            else if (SipText.EqualsIgnoreCase(name, "reg-id"u8) && SipText.TryNumber(value, int.MaxValue, out var number))
            {
                regId = (int)number;
            }

            text.Append(';').Append(SipText.Decode(name));
            if (!value.IsEmpty)
            {
                text.Append('=').Append(SipText.Decode(value));
            }
        }

        kept = text.ToString();
        return true;
    }

    /// <summary>A q value in thousandths (RFC 3261 §25.1: 0 to 1 with up to three digits behind the point).</summary>
    private static bool TryQ(ReadOnlySpan<byte> text, out int thousandths)
    {
        thousandths = 0;
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text : text[..point];
        var digits = point < 0 ? default : text[(point + 1)..];
        if (digits.Length > 3 || !SipText.TryNumber(whole, 1, out var ones))
        {
            return false;
        }

        var fraction = 0L;
        if (digits.Length > 0)
        {
            if (!SipText.TryNumber(digits, 999, out fraction))
            {
                return false;
            }

            for (var i = digits.Length; i < 3; i++)
            {
                fraction *= 10;
            }
        }

        thousandths = (int)((ones * 1000) + fraction);
        return thousandths <= 1000;
    }

    private static bool TryPath(SipMessage request, out List<string> path)
    {
        path = [];
        for (var i = 0; i < request.FieldCount; i++)
        {
            if (request.Field(i).Id != HeaderName.Path)
            {
                continue;
            }

            var values = new ValueReader(request.At(request.Field(i).Value));
            while (values.TryNext(out var value))
            {
                if (path.Count == SipLimits.Routes || !NameAddress.TryParse(value, out var address) || !SipUri.TryParse(address.Uri, out _))
                {
                    return false;
                }

                path.Add(SipText.Decode(value));
            }
        }

        return true;
    }

    /// <summary>Header lines of the 200: every binding as it was sent, with what is left of its time.</summary>
    private byte[] WriteBindings(SipMessage request, IReadOnlyList<Registration> bindings)
    {
        var block = context.Block.Clear();
        var now = context.Host.Now;
        var isOutbound = false;
        foreach (var binding in bindings)
        {
            if (binding.Endpoint != SipPlugin.Endpoint)
            {
                continue;
            }

            block.Raw("Contact: <"u8).Value(binding.Contact).Raw(">"u8).Value(binding.ContactParameters);
            if (binding.Preference != 1000)
            {
                block.Raw(";q="u8).Value((binding.Preference / 1000.0).ToString("0.###", System.Globalization.CultureInfo.InvariantCulture));
            }

            block.Raw(";expires="u8).Number(Math.Max(0, (long)Math.Ceiling((binding.Expires - now).TotalSeconds))).Line();
            isOutbound |= binding.RegId > 0 && binding.Instance.Length > 0;
        }

        foreach (var path in PathOf(request))
        {
            block.Raw("Path: "u8).Value(path).Line();
        }

        if (isOutbound && request.ListContains(HeaderName.Supported, "outbound"u8))
        {
            block.Raw("Require: outbound\r\nSupported: outbound, path\r\nFlow-Timer: 60\r\n"u8);
        }

        return block.ToArray();
    }

    /// <summary>Path is given back to a client that knows it (RFC 3327 §5.3).</summary>
    private static List<string> PathOf(SipMessage request) =>
        request.ListContains(HeaderName.Supported, "path"u8) && TryPath(request, out var path) ? path : [];

    private static bool TryAor(SipMessage request, out string number, out ReadOnlySpan<byte> host)
    {
        number = "";
        host = default;
        if (!NameAddress.TryParse(request.To, out var to) || !SipUri.TryParse(to.Uri, out var uri) || uri.Scheme is not (UriScheme.Sip or UriScheme.Sips) || uri.User.IsEmpty)
        {
            return false;
        }

        number = SipText.DecodeUser(uri.User);
        host = uri.Host;
        return true;
    }

    private static bool IsOurHost(SipContext context, ReadOnlySpan<byte> host, in Flow flow) =>
        (HostAddress.TryParse(host, out var address) && (address!.Equals(AccessList.Plain(flow.Local.Address)) || address.Equals(context.OptionsOf(flow).AdvertisedAddress)))
        || context.Host.Directory.IsLocalDomain(SipText.Decode(host));
}
