using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Events;
using XSwitchEngine.Plugins.Sip.Legs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip;

/// <summary>Takes every message to whom it concerns, and refuses what nobody is to see (RFC 3261 §8.2, §12.2.2, §17.2.3).</summary>
internal sealed partial class UserAgentServer(SipContext context)
{
    private readonly byte[] _allowLine = [.. "Allow: "u8, .. SipMethods.Allow, .. "\r\n"u8];

    public byte[] AllowLine => _allowLine;

    public byte[] AcceptLine { get; } = "Accept: application/sdp\r\n"u8.ToArray();

    public void OnMessage(SipMessage message, in Flow flow)
    {
        if (message.IsRequest)
        {
            context.Host.Count("requests");
            OnRequest(message, flow);
        }
        else
        {
            context.Host.Count("responses");
            OnResponse(message);
        }
    }

    /// <summary>Answers a request that needs no transaction before: opens one for datagrams, so that repetitions get the same answer.</summary>
    public void Reply(SipMessage request, in Flow flow, int status, string? reason = null, byte[]? extra = null, byte[]? tag = null)
    {
        if (context.Transactions.IsFull)
        {
            ReplyStateless(request, flow, status, reason, extra);
            return;
        }

        tag = !request.ToTag.IsEmpty ? [] : tag ?? context.NewTag();
        ResponseWriting.WriteHead(context.Block.Clear(), request, flow, tag);
        var writer = ResponseWriting.WriteStatus(context.Writer, status, reason).Raw(context.Block.Written).Raw(extra);
        writer.Header("Server"u8, context.Options.UserAgent).Body([], []);
        if (flow.IsReliable && request.Method != SipMethod.Invite)
        {
            context.Transport.Send(flow, writer.Written, 0);
            return;
        }

        var packet = writer.ToArray();
        var transaction = context.Transactions.Open(request, flow, []);
        context.Transactions.Respond(transaction, status, packet);
    }

    /// <summary>Answers without keeping anything: the tag is the same each time (RFC 3261 §8.2.7).</summary>
    public void ReplyStateless(SipMessage request, in Flow flow, int status, string? reason = null, byte[]? extra = null)
    {
        StartStateless(request, flow, status, reason);
        context.Writer.Raw(extra).Body([], []);
        context.Transport.Send(flow, context.Writer.Written, 0);
    }

    public void ReplyOptions(SipMessage request, in Flow flow)
    {
        // Nobody has proved anything yet: the answer must not be much larger than the question.
        StartStateless(request, flow, 200, null);
        var minimum = context.Writer.Length + 21;
        if (flow.IsReliable || minimum + _allowLine.Length + 60 <= request.Data.Length * 6 / 5 || !request.ToTag.IsEmpty)
        {
            context.Writer.Raw(_allowLine).Raw(AcceptLine).Raw("Supported: timer, 100rel, replaces, path, outbound\r\nAllow-Events: presence, dialog, message-summary, refer\r\n"u8);
        }
        else
        {
            context.Writer.Raw("Allow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n"u8);
        }

        context.Writer.Body([], []);
        context.Transport.Send(flow, context.Writer.Written, 0);
    }

    /// <summary>Asks for credentials. Costs no memory here, and little more bytes than came in.</summary>
    public void Challenge(SipMessage request, in Flow flow, bool stale)
    {
        var isRegister = request.Method == SipMethod.Register;
        var status = isRegister ? 401 : 407;
        var onlyOne = IsOneOf(context.Options.OneChallengeAgents, request);
        StartStateless(request, flow, status, null);
        context.Authenticator.WriteChallenges(context.Writer, !isRegister, stale, flow, onlyOne);
        if (!onlyOne && !flow.IsReliable && context.Writer.Length + 21 > request.Data.Length * 6 / 5 && context.Options.Algorithms.Count > 1)
        {
            StartStateless(request, flow, status, null);
            context.Authenticator.WriteChallenges(context.Writer, !isRegister, stale, flow, onlyOne: true);
        }

        context.Writer.Body([], []);
        context.Transport.Send(flow, context.Writer.Written, 0);
        context.Host.Count("challenges");
        context.Limiter.Challenged(flow.Remote);
    }

    private void OnResponse(SipMessage response)
    {
        // A response with two Vias is not for us (RFC 3261 §8.1.3.3).
        if (response.ViaCount == 1 && context.Transactions.FindClient(response) is { } transaction)
        {
            context.Transactions.Handle(transaction, new TransactionInput(TransactionInputKind.Received, response.Status), response);
        }
        else
        {
            context.Host.Count("stray_responses");
        }
    }

    private void OnRequest(SipMessage request, in Flow flow)
    {
        if (request.Method == SipMethod.Ack)
        {
            OnAck(request);
            return;
        }

        if (request.ToTag.IsEmpty && IsScanner(request, flow))
        {
            return;
        }

        if (request.FaultStatus != 0)
        {
            context.Host.Count("malformed_requests");
            ReplyStateless(request, flow, request.FaultStatus, request.FaultText);
            return;
        }

        if (context.Transactions.FindServer(request, request.Method) is { } known)
        {
            context.Transactions.Handle(known, new TransactionInput(TransactionInputKind.Received));
        }
        else if (request.Method == SipMethod.Cancel)
        {
            OnCancel(request, flow);
        }
        else if (RequestChecks.TryPass(context, request, flow))
        {
            Dispatch(request, flow);
        }
    }

    private void OnAck(SipMessage request)
    {
        if (request.FaultStatus != 0)
        {
            return;
        }

        if (context.Transactions.FindServer(request, SipMethod.Ack) is { State: TransactionState.Completed } transaction)
        {
            context.Transactions.Handle(transaction, new TransactionInput(TransactionInputKind.Ack));
        }
        else if (context.Legs.TryFind(request, out var leg, out var dialog))
        {
            leg.OnAck(request, dialog);
        }
    }

    private void OnCancel(SipMessage request, in Flow flow)
    {
        if (context.Transactions.FindServer(request, SipMethod.Invite) is not { } invite)
        {
            ReplyStateless(request, flow, 481);
            return;
        }

        var leg = invite.Leg;
        Reply(request, flow, 200);
        leg?.OnCancel(request);
    }

    private void Dispatch(SipMessage request, in Flow flow)
    {
        if (!request.ToTag.IsEmpty)
        {
            if (!context.Legs.TryFind(request, out var leg, out var dialog))
            {
                if (request.Method == SipMethod.Subscribe && context.Subscriptions.Find(request) is { } subscription)
                {
                    Refresh(request, flow, subscription);
                }
                else
                {
                    ReplyStateless(request, flow, 481);
                }
            }
            else if (IsPeer(request, flow, leg, dialog))
            {
                dialog.Flow = Moved(dialog, flow);
                leg.OnRequest(request, flow, dialog);
            }

            return;
        }

        if (!context.Limiter.AllowRequest(flow.Remote.Address))
        {
            return;
        }

        if (context.Transactions.IsOverloaded || (context.Host.Calls.IsRefusingCalls && request.Method is SipMethod.Invite or SipMethod.Options))
        {
            context.Host.Count("refused_overload");
            ReplyStateless(request, flow, 503, null, [.. "Retry-After: "u8, (byte)('2' + context.NextRandom(8)), .. "\r\n"u8]);
            return;
        }

        if (context.Transactions.IsMerged(request))
        {
            ReplyStateless(request, flow, 482);
            return;
        }

        if (request.Method == SipMethod.Options)
        {
            ReplyOptions(request, flow);
        }
        else if (Admit(request, flow, out var user))
        {
            Serve(request, flow, user);
        }
    }

    private void Serve(SipMessage request, in Flow flow, DirectoryUser? user)
    {
        switch (request.Method)
        {
            case SipMethod.Invite:
                Invite(request, flow, user);
                break;
            case SipMethod.Message:
                context.Chat.OnMessage(request, flow, user);
                break;
            case SipMethod.Subscribe:
                context.Subscriptions.OnSubscribe(request, flow, user);
                break;
            case SipMethod.Publish:
                context.Publications.OnPublish(request, flow, user);
                break;
            case SipMethod.Register when user is not null:
                context.Registrar.Register(request, flow, user);
                break;
            case SipMethod.Bye or SipMethod.Notify or SipMethod.Info or SipMethod.Update or SipMethod.Prack:
                Reply(request, flow, 481);
                break;
            case SipMethod.Refer:
                Reply(request, flow, 403);
                break;
            case SipMethod.Register or SipMethod.Unknown or SipMethod.Ack or SipMethod.Cancel or SipMethod.Options:
            default:
                Reply(request, flow, 405, extra: _allowLine);
                break;
        }
    }

    private void Invite(SipMessage request, in Flow flow, DirectoryUser? user)
    {
        var options = context.OptionsOf(flow);
        if (SessionInterval.IsTooSmall(request, options.MinSessionExpires))
        {
            Reply(request, flow, 422, extra: context.Block.Clear().Header("Min-SE"u8, options.MinSessionExpires).ToArray());
            return;
        }

        if (options.MaxCalls > 0 && context.Legs.CountOf(context.ProfileOf(flow.Listener)) >= options.MaxCalls)
        {
            context.Host.Count("refused_limit");
            ReplyStateless(request, flow, 503, "Too many calls", "Retry-After: 5\r\n"u8.ToArray());
            return;
        }

        if (!SdpBody.TryFind(request, out var body, out var refusal))
        {
            Reply(request, flow, refusal, extra: AcceptLine);
        }
        else if (ReplacesHeader.TryMatch(context, request, user, out var replaced, out var status))
        {
            SipLeg.Accept(context, request, flow, user, body, replaced);
        }
        else
        {
            Reply(request, flow, status);
        }
    }

    /// <summary>Prolongs a subscription for the one who made it: from the same place, or with the same credentials.</summary>
    private void Refresh(SipMessage request, in Flow flow, Subscription subscription)
    {
        var known = subscription.Dialog.Flow;
        if (!known.Remote.Address.Equals(flow.Remote.Address) && !(flow.IsReliable && flow.Connection == known.Connection))
        {
            if (!Authenticate(request, flow, out var user))
            {
                return;
            }

            if (user!.Number != subscription.Subscriber)
            {
                ReplyStateless(request, flow, 403);
                return;
            }
        }

        context.Subscriptions.OnRefresh(request, flow, subscription);
    }

    private void StartStateless(SipMessage request, in Flow flow, int status, string? reason)
    {
        Span<byte> tag = stackalloc byte[16];
        tag.Clear();
        if (request.ToTag.IsEmpty)
        {
            context.Nonces.Tag(request.CallId.IsEmpty ? request.TopVia : request.CallId, tag);
        }

        ResponseWriting.WriteStatus(context.Writer, status, reason);
        ResponseWriting.WriteHead(context.Writer, request, flow, request.ToTag.IsEmpty ? tag : []);
    }
}
