using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip.Http;
using XSwitchEngine.Plugins.Whip.Sdp;
using XSwitchEngine.Plugins.Whip.Security;

namespace XSwitchEngine.Plugins.Whip;

/// <summary>Requests on the URL of a session: PATCH, DELETE, digits.</summary>
internal sealed class SessionRequests(WhipContext context)
{
    private const int MaxDigits = 64;
    private const int DigitMs = 160;
    private const string DtmfMethod = "POST";
    private static readonly System.Buffers.SearchValues<char> Digits = System.Buffers.SearchValues.Create("0123456789*#ABCD");

    /// <summary>Handles a request.</summary>
    /// <param name="e">The event.</param>
    /// <param name="request">Its request.</param>
    /// <param name="target">What its path names.</param>
    /// <param name="to">Where the reply goes.</param>
    public void Handle(in TransportEvent e, HttpRequest request, in RequestTarget target, in Exchange to)
    {
        var isDtmf = target.Kind == TargetKind.Dtmf;
        if (request.Method == "OPTIONS")
        {
            // The same for sessions that are not there: a preflight must not tell, and never needs a token.
            context.Replies.SendOptions(to, isDtmf ? [new("Accept-Post", MediaTypes.Json)] : [new("Accept-Patch", MediaTypes.Fragment)]);
            return;
        }

        if (request.Method is not (DtmfMethod or "PATCH" or "DELETE" or "GET" or "HEAD") || isDtmf != (request.Method == DtmfMethod))
        {
            context.Replies.NotAllowed(to, isDtmf ? Replies.DtmfMethods : Replies.SessionMethods);
            return;
        }

        if (context.Sessions.ById(target.Name) is not { State: not SessionState.Creating } session)
        {
            context.Replies.Problem(to, 404, "there is no such session");
            return;
        }

        var isOpen = request.Method is "GET" or "HEAD" || (request.Method == "DELETE" && context.Options.DeleteWithoutToken);
        var identity = context.Access.Identify(request);
        var status = identity.IsFine ? Access.Admit(identity, session.Owner, isOpen) : 401;
        if (status != 0)
        {
            Refuse(e, to, status, identity);
            return;
        }

        switch (request.Method)
        {
            case "DELETE":
                session.Delete(to);
                break;
            case "PATCH":
                Patch(request, session, to);
                break;
            case DtmfMethod:
                Dtmf(request, session, to);
                break;
            case "HEAD":
                context.Replies.Send(to, 200);
                break;
            default:
                context.Replies.Send(to, 204);
                break;
        }
    }


    private void Refuse(in TransportEvent e, in Exchange to, int status, in Identity identity)
    {
        if (status == 403)
        {
            context.Replies.Problem(to, 403, "the session belongs to another user");
            return;
        }

        if (identity.HadToken)
        {
            context.Limiter.Failed(e.Remote!);
        }

        context.Replies.Unauthorized(to, isWrong: identity.HadToken);
    }

    private void Patch(HttpRequest request, WhipLeg session, in Exchange to)
    {
        var type = request.Header("Content-Type");
        var isAnswer = MediaTypes.Is(type, MediaTypes.Sdp) && session.State == SessionState.Offering;
        if (!isAnswer && !MediaTypes.Is(type, MediaTypes.Fragment))
        {
            context.Replies.Problem(to, 415, "the body must be " + MediaTypes.Fragment, null, new KeyValuePair<string, string>("Accept-Patch", MediaTypes.Fragment));
            return;
        }

        if (request.Body.Length > WhipEndpoint.MaxBody)
        {
            context.Replies.Problem(to, 413, $"the body is larger than {WhipEndpoint.MaxBody} bytes");
            return;
        }

        if (!Utf8.IsValid(request.Body.Span))
        {
            context.Replies.Problem(to, 400, "the body is not UTF-8");
            return;
        }

        var text = Encoding.UTF8.GetString(request.Body.Span);
        if (isAnswer)
        {
            if (SdpText.TryParse(text, out var answer, out var fault) && answer.Active.Any())
            {
                session.AnswerOffer(to, text, answer.Active.First().Ufrag);
            }
            else
            {
                context.Replies.Problem(to, 400, "the answer is malformed: " + fault);
            }

            return;
        }

        // One web client sends the tag in a header named as the reply's.
        var precondition = EntityTags.Compare(request.Header("If-Match") ?? request.Header("ETag"), session.EntityTag);
        if (precondition == Precondition.Absent && context.Options.RequireIfMatch)
        {
            context.Replies.Problem(to, 428, "If-Match is needed");
        }
        else if (precondition == Precondition.Stale)
        {
            context.Replies.Problem(to, 412, "the tag belongs to an earlier ICE session");
        }
        else if (!SdpFragment.TryParse(text, out var fragment, out var error))
        {
            context.Replies.Problem(to, 400, "the fragment is malformed: " + error);
        }
        else if (session.Knows(fragment.Ufrag))
        {
            // The engine is ICE-lite: it needs no candidates, the client's checks tell where it is.
            context.Host.Count("candidates", fragment.Candidates.Count);
            context.Replies.Send(to, 204);
        }
        else if (session.Offer.Length == 0)
        {
            context.Replies.Problem(to, 422, "a session of our offer cannot restart ICE");
        }
        else
        {
            session.RestartIce(to, fragment.Ufrag, fragment.Password);
        }
    }

    private void Dtmf(HttpRequest request, WhipLeg session, in Exchange to)
    {
        if (!MediaTypes.Is(request.Header("Content-Type"), MediaTypes.Json))
        {
            context.Replies.Problem(to, 415, "the body must be " + MediaTypes.Json);
            return;
        }

        if (!TryDigits(request.Body, out var digits))
        {
            context.Replies.Problem(to, 400, $"the body must be {{\"digits\":\"…\"}} with 1 to {MaxDigits} of 0-9, *, #, A-D");
            return;
        }

        foreach (var digit in digits)
        {
            context.Host.Calls.Post(new LegEvent.Dtmf(session.Leg, digit, DigitMs));
        }

        context.Replies.Send(to, 204);
    }

    private static bool TryDigits(ReadOnlyMemory<byte> body, out string digits)
    {
        digits = "";
        try
        {
            using var json = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 4 });
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("digits", out var value) && value.ValueKind == JsonValueKind.String)
            {
                digits = (value.GetString() ?? "").ToUpperInvariant();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or text that is not UTF-8: the caller says so.
            digits = "";
        }

        return digits.Length is > 0 and <= MaxDigits && digits.AsSpan().IndexOfAnyExcept(Digits) < 0;
    }
}
