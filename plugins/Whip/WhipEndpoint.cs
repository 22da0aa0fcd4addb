using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip.Http;
using XSwitchEngine.Plugins.Whip.Sdp;
using XSwitchEngine.Plugins.Whip.Security;

namespace XSwitchEngine.Plugins.Whip;

/// <summary>Requests on the URLs that make sessions.</summary>
internal sealed class WhipEndpoint(WhipContext context)
{
    /// <summary>Most bytes of a body; the route lets a little more through so that the reply is ours.</summary>
    public const int MaxBody = 64 * 1024;

    private const int MaxVariables = 32;
    private const int MaxValue = 512;

    /// <summary>Handles a request.</summary>
    /// <param name="e">The event.</param>
    /// <param name="request">Its request.</param>
    /// <param name="target">What its path names.</param>
    /// <param name="to">Where the reply goes.</param>
    public void Handle(in TransportEvent e, HttpRequest request, in RequestTarget target, in Exchange to)
    {
        switch (request.Method)
        {
            case "POST" when target.Kind == TargetKind.Root:
                context.Replies.Problem(to, 404, "the path has no destination");
                break;
            case "POST":
                Post(e, request, target, to);
                break;
            case "OPTIONS":
                Options(request, to);
                break;
            case "GET":
                context.Replies.Send(to, 204);
                break;
            case "HEAD":
                // Players recognise a WHEP URL by it.
                context.Replies.Send(to, 200, [new("Content-Type", MediaTypes.Sdp)]);
                break;
            default:
                context.Replies.NotAllowed(to, Replies.EndpointMethods);
                break;
        }
    }

    private void Options(HttpRequest request, in Exchange to)
    {
        List<KeyValuePair<string, string>> headers = [new("Accept-Post", MediaTypes.Sdp)];

        // A preflight has no credentials and gets none; who asks with a token is told the servers before the offer.
        if (request.Header("Access-Control-Request-Method") is null && context.Access.Identify(request) is { Grant: { } grant })
        {
            context.IceServers.AddTo(headers, grant.User.Number);
        }

        context.Replies.SendOptions(to, headers);
    }

    private void Post(in TransportEvent e, HttpRequest request, in RequestTarget target, in Exchange to)
    {
        var identity = context.Access.Identify(request);
        if (!identity.IsFine)
        {
            context.Limiter.Failed(e.Remote!);
            context.Replies.Unauthorized(to, isWrong: true);
            return;
        }

        if (!context.Options.Destination.IsMatch(target.Name))
        {
            context.Replies.Problem(to, 400, "the destination has characters or a length that is not allowed");
            return;
        }

        switch (context.Access.Admit(identity, target.Name))
        {
            case 401:
                context.Replies.Unauthorized(to, isWrong: false);
                return;
            case 403:
                context.Replies.Problem(to, 403, "the token does not allow this destination");
                return;
            default:
                break;
        }

        if (!MediaTypes.Is(request.Header("Content-Type"), MediaTypes.Sdp))
        {
            context.Replies.Problem(to, 415, "the body must be application/sdp", null, new KeyValuePair<string, string>("Accept-Post", MediaTypes.Sdp));
            return;
        }

        if (request.Body.Length > MaxBody)
        {
            context.Replies.Problem(to, 413, $"the offer is larger than {MaxBody} bytes");
            return;
        }

        if (!TryParameters(request.Query, target.Flavour, out var parameters, out var fault))
        {
            context.Replies.Problem(to, 400, fault);
            return;
        }

        if (request.Body.IsEmpty && target.Flavour == Flavour.Whap && context.Options.ServerOffer)
        {
            Create(e, request, target, to, identity, parameters, null);
            return;
        }

        if (!TryRead(request.Body.Span, target.Flavour, out var text, out var offer, out var verdict))
        {
            context.Replies.Problem(to, verdict.Status, verdict.Detail);
            return;
        }

        var toCore = ForCore(text!, offer!, target.Flavour, identity);
        var repeatKey = RepeatKey(identity.Owner, target, offer!);
        if (context.Sessions.ByRepeat(repeatKey) is { } same && TakeRepeat(same, to, toCore))
        {
            return;
        }

        // WHAP is WHEP without counter-offers.
        var counters = context.Options.ServerOffer && target.Word == "whep";
        Create(e, request, target, to, identity, parameters, toCore with { RepeatKey = repeatKey }, counters);
    }

    private static bool TryRead(ReadOnlySpan<byte> body, Flavour flavour, out string? text, out SdpText? offer, out OfferVerdict verdict)
    {
        (text, offer) = (null, null);
        if (!Utf8.IsValid(body))
        {
            verdict = new(400, "the offer is not UTF-8");
            return false;
        }

        text = Encoding.UTF8.GetString(body);
        if (!SdpText.TryParse(text, out offer, out var error))
        {
            verdict = new(400, "the offer is malformed: " + error);
            return false;
        }

        verdict = OfferCheck.Check(offer, flavour);
        return verdict.IsFine;
    }

    /// <summary>A POST of a page that has a session already.</summary>
    /// <returns>False when a new session is to be made.</returns>
    private bool TakeRepeat(WhipLeg same, in Exchange to, CoreOffer offer)
    {
        switch (same.State)
        {
            case SessionState.Creating or SessionState.Offering when same.IsCounterOffer:
                same.Repeat(to);
                return true;
            case SessionState.Creating or SessionState.Open when same.Ufrag == offer.Ufrag && !same.IsCounterOffer:
                same.Repeat(to);
                return true;
            case SessionState.Open when !same.IsCounterOffer:
                same.Move(to, offer.Text, offer.Ufrag);
                return true;
            default:
                context.Host.Count("sessions_superseded");
                same.End(HangupCause.OriginatorCancel, byPeer: true, 409, "a later request of the same page has taken its place");
                return false;
        }
    }

    private CoreOffer ForCore(string text, SdpText offer, Flavour flavour, in Identity identity)
    {
        var direction = OfferCheck.CommonDirection(offer);
        var ufrag = offer.Active.First().Ufrag;
        if (flavour == Flavour.Whxp)
        {
            return new(text, direction.Length > 0 ? direction : "mixed", ufrag);
        }

        // RFC 9725 answers sendrecv with recvonly; XSwitch's clients make calls so, with a token that allows them.
        var isCall = flavour == Flavour.Whip && direction == "sendrecv" && !context.Options.IsStrictIngest && identity.Grant is { } grant && Access.MayCall(grant);
        if (isCall)
        {
            return new(text, direction, ufrag);
        }

        var wanted = flavour == Flavour.Whip ? "sendonly" : "recvonly";
        return new(direction == wanted ? text : SdpText.WithDirection(text, wanted), wanted, ufrag);
    }

    private void Create(in TransportEvent e, HttpRequest request, in RequestTarget target, in Exchange to, in Identity identity, Parameters parameters, CoreOffer? offer, bool counters = false)
    {
        var owner = identity.Owner;
        if (context.Host.Calls.IsRefusingCalls || context.Sessions.Count >= context.Options.MaxSessions)
        {
            context.Replies.Problem(to, 503, "no new sessions are taken now", HangupCause.SwitchCongestion.Name());
            return;
        }

        if (context.Sessions.CountOf(owner) >= context.Options.MaxSessionsPerUser)
        {
            context.Replies.TooMany(to, 5, "this user has too many sessions");
            return;
        }

        var direction = offer?.Direction ?? "recvonly";
        var isEarly = parameters.IsEarly;
        var session = new WhipLeg(context, context.NewId(), context.Host.Calls.NewLeg(), ++context.LastId)
        {
            Flavour = target.Flavour,
            Prefix = target.Prefix,
            Destination = target.Name,
            Owner = owner,
            RepeatKey = offer?.RepeatKey ?? "",
            IsEarly = isEarly,
            IsCounterOffer = counters,
            HasDigits = direction is "sendrecv" or "mixed",
        };
        var user = identity.Grant?.User;
        var remote = e.Remote!;
        var caller = new IncomingCaller(
            WhipPlugin.Endpoint,
            WhipPlugin.Profile,
            $"{target.Word}/{(user is null ? "anonymous" : owner)}",
            user,
            parameters.CallerName ?? user?.CallerIdName ?? "",
            parameters.CallerNumber ?? user?.Number ?? "anonymous",
            target.Name,
            remote)
        {
            Domain = user?.Domain ?? context.Host.Directory.Domain,
            Local = e.Local?.Address ?? IPAddress.Loopback,
            ShownName = parameters.CallerName,
            ShownNumber = identity.Grant is { } grant && Access.MayChooseNumber(grant) ? parameters.CallerNumber : null,
        };
        var plain = remote.Address.IsIPv4MappedToIPv6 ? remote.Address.MapToIPv4() : remote.Address;
        List<KeyValuePair<string, string>> variables =
        [
            new("whip_method", target.Word),
            new("whip_direction", direction),
            new("whip_wait", isEarly ? "early" : "answer"),
            new("whip_network_ip", plain.ToString()),
            new("whip_network_port", remote.Port.ToString(CultureInfo.InvariantCulture)),
            new("whip_user_agent", Printable(request.Header("User-Agent") ?? "", MaxValue)),
            new("whip_origin", Printable(to.Origin, MaxValue)),
            .. parameters.Variables,
        ];
        if (user is not null)
        {
            variables.Add(new("whip_auth_username", user.Number));
        }

        if (isEarly && context.Options.Ringback.Length > 0)
        {
            // With it the core opens media while the far end alerts, so that the POST is answered then.
            variables.Add(new("ringback", context.Options.Ringback));
        }

        session.Begin(to, counters ? null : offer?.Text, offer?.Ufrag ?? "", caller, variables);
    }

    private bool TryParameters(string query, Flavour flavour, out Parameters parameters, out string fault)
    {
        parameters = new Parameters { IsEarly = context.Options.IsEarly(flavour) };
        fault = "";
        if (!QueryText.TryParse(query, out var pairs))
        {
            fault = "the query is malformed";
            return false;
        }

        foreach (var (name, value) in pairs)
        {
            switch (name)
            {
                case "wait" when value is "early" or "answer":
                    parameters.IsEarly = value == "early";
                    break;
                case "wait":
                    fault = "wait is answer or early";
                    return false;
                case "cid_name":
                    parameters.CallerName = Printable(value, 64) is { Length: > 0 } shown ? shown : null;
                    break;
                case "cid_number":
                    parameters.CallerNumber = Printable(value, 64) is { Length: > 0 } number ? number : null;
                    break;
                default:
                    if (name.StartsWith("var_", StringComparison.Ordinal) && IsName(name.AsSpan(4)) && parameters.Variables.Count < MaxVariables)
                    {
                        // Never without the prefix: a client must not set what controls calls.
                        parameters.Variables.Add(new("whip_dvar_" + name[4..], Printable(value, MaxValue)));
                    }

                    break;
            }
        }

        return true;
    }

    /// <summary>
    /// What stays the same when a page posts again: who, where to, its session and its certificate.
    /// (The certificate too, because some encoders have one session id for all time.)
    /// </summary>
    private static string RepeatKey(string owner, in RequestTarget target, SdpText offer)
    {
        var text = string.Join('\n', owner, target.Flavour, target.Name, offer.SessionId, offer.Active.First().Fingerprint.ToUpperInvariant());
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private static bool IsName(ReadOnlySpan<char> name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_')
            {
                return false;
            }
        }

        return name.Length is > 0 and <= 64;
    }

    private static string Printable(string text, int length)
    {
        var clean = string.Concat(text.Where(c => !char.IsControl(c))).Trim();
        return clean.Length <= length ? clean : clean[..length];
    }

    private sealed record CoreOffer(string Text, string Direction, string Ufrag)
    {
        public string RepeatKey { get; init; } = "";
    }

    private sealed class Parameters
    {
        public bool IsEarly { get; set; }

        public string? CallerName { get; set; }

        public string? CallerNumber { get; set; }

        public List<KeyValuePair<string, string>> Variables { get; } = [];
    }
}
