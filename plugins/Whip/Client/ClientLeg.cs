using System.Text;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip.Http;
using XSwitchEngine.Plugins.Whip.Sdp;
using XSwitchEngine.Plugins.Whip.State;

namespace XSwitchEngine.Plugins.Whip.Client;

/// <summary>Where a leg toward another server stands. The numbers are part of exported state.</summary>
internal enum ClientState : byte
{
    /// <summary>POST sent.</summary>
    Calling = 0,

    /// <summary>Answered.</summary>
    Open = 1,

    /// <summary>Hung up before the reply; the session that it makes is deleted.</summary>
    Abandoned = 2,

    /// <summary>Over.</summary>
    Gone = 3,
}

/// <summary>A leg toward another WHIP or WHEP server: POST our offer, take its answer, DELETE at the end.</summary>
internal sealed class ClientLeg(WhipContext context, LegId leg, long key)
{
    private const int MaxRedirections = 5;
    private const int Fields = 9;
    private string _offer = "";
    private string _token = "";
    private Uri? _session;
    private int _redirections;

    public LegId Leg => leg;

    /// <summary>Its number in this plugin; the key of its requests.</summary>
    public long Key => key;

    public ClientState State { get; private set; }

    public Flavour Flavour { get; private set; }

    /// <summary>Where the offer goes; a redirection changes it.</summary>
    public Uri? Endpoint { get; private set; }

    /// <summary>Sends the offer.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="command">The core's.</param>
    public void Begin(ServerAddress server, LegCommand.Originate command)
    {
        Flavour = server.Flavour;
        Endpoint = server.Address;
        _token = command.Variables.LastOrDefault(v => v.Key == "whip_token").Value ?? "";
        _offer = server.Flavour switch
        {
            Flavour.Whip => SdpText.WithDirection(command.Offer ?? "", "sendonly"),
            Flavour.Whap => SdpText.WithDirection(command.Offer ?? "", "recvonly"),
            Flavour.Whxp => command.Offer ?? "",
            _ => "",
        };
        Post();
    }

    /// <summary>Does what the core wants.</summary>
    /// <param name="command">The command.</param>
    public void Execute(LegCommand command)
    {
        switch (command)
        {
            case LegCommand.Hangup hangup:
                Hangup(hangup.Cause);
                break;
            case LegCommand.Reoffer:
                context.Host.Calls.Post(new LegEvent.ReofferAnswered(leg, null));
                break;
            default:
                break;
        }
    }

    /// <summary>The server answered the POST, or not.</summary>
    /// <param name="reply">The reply, or null.</param>
    /// <param name="error">Why there is none.</param>
    public void OnReply(HttpReply? reply, string error)
    {
        if (State is not (ClientState.Calling or ClientState.Abandoned))
        {
            return;
        }

        var status = reply?.Status ?? 0;
        if (status is 301 or 302 or 303 or 307 or 308 && Target(reply!) is { } next && _redirections < MaxRedirections && State == ClientState.Calling)
        {
            // The token goes along only to the same host: another one has not earned it.
            _token = IsSameOrigin(next, Endpoint!) ? _token : "";
            _redirections++;
            Endpoint = next;
            Post();
            return;
        }

        if (status is >= 200 and < 300)
        {
            _session = Target(reply!);
            Answered(Encoding.UTF8.GetString(reply!.Body.Span));
            return;
        }

        var wasAbandoned = State == ClientState.Abandoned;
        End();
        if (!wasAbandoned)
        {
            context.Host.Log(PluginLogLevel.Info, leg, $"{Endpoint!.Host} refused the session: {(status == 0 ? error : status.ToString(System.Globalization.CultureInfo.InvariantCulture))}");
            context.Host.Calls.Post(new LegEvent.HungUp(leg, CauseOf(status), status, error, ByPeer: true));
        }
    }

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(Fields);
        writer.WriteGuid(leg.Value);
        writer.Write(key);
        writer.Write((byte)State);
        writer.Write((byte)Flavour);
        writer.WriteText(Endpoint?.AbsoluteUri);
        writer.WriteText(_offer);
        writer.WriteText(_token);
        writer.WriteText(_session?.AbsoluteUri);
        writer.Write(_redirections);
    }

    public static ClientLeg Read(WhipContext context, ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var id = new LegId(fields.Guid(ref reader));
        var client = new ClientLeg(context, id, fields.Int64(ref reader))
        {
            State = (ClientState)fields.Byte(ref reader),
            Flavour = (Flavour)fields.Byte(ref reader),
            Endpoint = Absolute(fields.Text(ref reader)),
            _offer = fields.Text(ref reader),
            _token = fields.Text(ref reader),
            _session = Absolute(fields.Text(ref reader)),
            _redirections = fields.Int32(ref reader),
        };
        fields.End(ref reader);
        return client;
    }

    private static Uri? Absolute(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : null;

    private void Post()
    {
        List<KeyValuePair<string, string>> headers = [new("Content-Type", MediaTypes.Sdp), new("Accept", MediaTypes.Sdp), .. Authorization()];
        context.Host.Fetch(key, new HttpFetch("POST", Endpoint!, headers, Encoding.UTF8.GetBytes(_offer)) { Timeout = context.Options.Ring < TimeSpan.FromMinutes(1) ? context.Options.Ring : TimeSpan.FromMinutes(1) });
    }

    private KeyValuePair<string, string>[] Authorization() => _token.Length > 0 ? [new("Authorization", "Bearer " + _token)] : [];

    private Uri? Target(HttpReply reply)
    {
        var location = reply.Headers.FirstOrDefault(h => h.Key.Equals("Location", StringComparison.OrdinalIgnoreCase)).Value;
        return location is not null && Uri.TryCreate(Endpoint!, location, out var target) && target.Scheme is "http" or "https" ? target : null;
    }

    private void Answered(string answer)
    {
        if (State == ClientState.Abandoned)
        {
            Delete();
            End();
        }
        else if (!SdpText.TryParse(answer, out var sdp, out var fault) || !sdp.Active.Any())
        {
            Delete();
            End();
            context.Host.Calls.Post(new LegEvent.HungUp(leg, HangupCause.IncompatibleDestination, 0, "the server's answer cannot be used: " + fault, ByPeer: false));
        }
        else
        {
            State = ClientState.Open;
            context.Host.Calls.Post(new LegEvent.Answered(leg, answer, [new("whip_server", Endpoint!.Host)]));
        }
    }

    private void Hangup(HangupCause cause)
    {
        switch (State)
        {
            case ClientState.Calling:
                // The session that the server makes has a URL that only the reply tells.
                State = ClientState.Abandoned;
                break;
            case ClientState.Open:
                Delete();
                End();
                break;
            case ClientState.Abandoned or ClientState.Gone:
            default:
                return;
        }

        context.Host.Calls.Post(new LegEvent.HungUp(leg, cause, 0, "", ByPeer: false));
    }

    /// <summary>A token goes only to where it was meant for: the same scheme, host and port (RFC 6454 §4).</summary>
    private static bool IsSameOrigin(Uri a, Uri b) => a.GetLeftPart(UriPartial.Authority).Equals(b.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase);

    private void Delete()
    {
        if (_session is { } session)
        {
            context.Host.Fetch(0, new HttpFetch("DELETE", session, IsSameOrigin(session, Endpoint!) ? Authorization() : [], default));
        }
    }

    private void End()
    {
        State = ClientState.Gone;
        context.Clients.Remove(this);
    }

    private static HangupCause CauseOf(int status) => status switch
    {
        0 => HangupCause.NetworkOutOfOrder,
        401 or 403 => HangupCause.CallRejected,
        404 or 410 => HangupCause.UnallocatedNumber,
        409 => HangupCause.UserBusy,
        406 or 413 or 415 or 422 => HangupCause.IncompatibleDestination,
        408 or 504 => HangupCause.NoAnswer,
        429 or 503 => HangupCause.SwitchCongestion,
        _ => HangupCause.NormalTemporaryFailure,
    };
}
