using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.Legs;

/// <summary>Does what the core wants of legs. A command that does not fit a leg's state is ignored.</summary>
internal sealed class LegCommands(VertoContext context)
{
    private const int MaxVariables = 64, MaxValue = 4096;

    public void Execute(LegCommand command)
    {
        if (command is LegCommand.Originate originate)
        {
            Originate(originate);
            return;
        }

        if (context.Legs.Find(command.Leg) is not { } leg)
        {
            return;
        }

        switch (command)
        {
            case LegCommand.EarlyMedia early:
                EarlyMedia(leg, early);
                break;
            case LegCommand.Answer answer:
                Answer(leg, answer);
                break;
            case LegCommand.Hangup hangup:
                Hangup(leg, hangup.Cause);
                break;
            case LegCommand.Redirect:
                Hangup(leg, HangupCause.RedirectionToNewDestination);
                break;
            case LegCommand.Display display:
                Display(leg, display);
                break;
            case LegCommand.SendMessage message:
                SendMessage(leg, message);
                break;
            case LegCommand.Reoffer reoffer:
                Reoffer(leg, reoffer.Sdp);
                break;
            case LegCommand.AcceptReoffer accept:
                AcceptReoffer(leg, accept.Sdp);
                break;
            case LegCommand.RejectReoffer:
                RejectReoffer(leg);
                break;
            case LegCommand.TransferProgress progress:
                TransferProgress(leg, progress);
                break;
            case LegCommand.Ring or LegCommand.SendDtmf or LegCommand.Refer or LegCommand.KeyFrame:
            default:
                // A Verto client is not told of alerting; digits go to it in RTP; it is asked for key frames by RTCP.
                break;
        }
    }

    /// <summary>Ends a leg and tells the client.</summary>
    public void Hangup(VertoLeg leg, HangupCause cause)
    {
        if (context.Legs.SessionOf(leg) is { } session)
        {
            context.Request(session, "verto.bye", w =>
            {
                CallJson.CallId(w, leg);
                CallJson.Cause(w, cause);
            });
        }

        context.Legs.End(leg, cause, byPeer: false);
    }

    /// <summary>Keeps what scripts set for the client.</summary>
    public static void TakeVariables(VertoLeg leg, IReadOnlyList<KeyValuePair<string, string>> variables)
    {
        foreach (var (name, value) in variables)
        {
            if ((name.StartsWith("verto_svar_", StringComparison.Ordinal) || name.StartsWith("verto_h_", StringComparison.Ordinal))
                && (leg.Variables.Count < MaxVariables || leg.Variables.ContainsKey(name)))
            {
                leg.Variables[name] = value.Length <= MaxValue ? value : value[..MaxValue];
            }
        }
    }

    /// <summary>Sends the last display again, as after a reattachment.</summary>
    public void SendDisplay(VertoSession session, VertoLeg leg)
    {
        if (leg.DisplayName is { } name)
        {
            context.Request(session, "verto.display", w =>
            {
                CallJson.CallId(w, leg);
                w.WriteString("display_name"u8, name);
                w.WriteString("display_number"u8, leg.DisplayNumber);
                CallJson.CallerFields(w, leg);
            });
        }
    }

    private void Originate(LegCommand.Originate command)
    {
        var session = Target(command.Target, out var cause);
        if (session is null || command.Offer is null)
        {
            context.Host.Calls.Post(new LegEvent.HungUp(command.Leg, session is null ? cause : HangupCause.IncompatibleDestination, 0, "", false));
            return;
        }

        var leg = new VertoLeg(command.Leg, context.NextId(), command.Leg.ToString(), session.Id, session.UserId, isOutgoing: true)
        {
            CallerName = command.CallerName,
            CallerNumber = command.CallerNumber,
            CalleeName = command.Variables.LastOrDefault(v => v.Key is "callee_id_name" or "origination_callee_id_name").Value ?? "Outbound Call",
            CalleeNumber = command.Variables.LastOrDefault(v => v.Key is "callee_id_number" or "origination_callee_id_number").Value ?? session.Number,
        };
        TakeVariables(leg, command.Variables);
        context.Legs.Add(leg);
        context.Host.Count("calls_out");
        context.Request(session, "verto.invite", w =>
        {
            CallJson.CallId(w, leg);
            CallJson.Variables(w, leg);
            w.WriteString("sdp"u8, command.Offer);
            CallJson.CallerFields(w, leg);
        });

        // The client rings as soon as it has the invite.
        context.Host.Calls.Post(new LegEvent.Ringing(leg.Id));
    }

    /// <summary>The socket that a dial string or contact names.</summary>
    private VertoSession? Target(DialTarget target, out HangupCause cause)
    {
        cause = HangupCause.UserNotRegistered;
        if (target.Binding is { } binding)
        {
            return context.Sessions.Find(binding.Contact) is { } bound && bound.Number == binding.Number ? bound : null;
        }

        var address = target.Address;
        if (address.StartsWith("u:", StringComparison.Ordinal))
        {
            return context.Sessions.Find(address[2..]);
        }

        var at = address.IndexOf('@', StringComparison.Ordinal);
        var domain = at < 0 ? context.Host.Directory.Domain : address[(at + 1)..];
        return context.Host.Directory.FindUser(at < 0 ? address : address[..at], domain) is { } user
            ? context.Sessions.OfUser(user.Number, user.Domain).MaxBy(s => s.OpenedAt)
            : null;
    }

    private void EarlyMedia(VertoLeg leg, LegCommand.EarlyMedia command)
    {
        if (leg.IsOutgoing || leg.State != VertoLegState.Invited || context.Legs.SessionOf(leg) is not { } session)
        {
            return;
        }

        leg.State = VertoLegState.Early;
        TakeVariables(leg, command.Variables);
        context.Request(session, "verto.media", w =>
        {
            CallJson.CallId(w, leg);
            w.WriteString("sdp"u8, command.Sdp);
            CallJson.Variables(w, leg);
        });
    }

    private void Answer(VertoLeg leg, LegCommand.Answer command)
    {
        if (leg.IsOutgoing || leg.State == VertoLegState.Answered || context.Legs.SessionOf(leg) is not { } session)
        {
            return;
        }

        var isSent = leg.State == VertoLegState.Early;
        leg.State = VertoLegState.Answered;
        TakeVariables(leg, command.Variables);
        context.Request(session, "verto.answer", w =>
        {
            CallJson.CallId(w, leg);
            if (!isSent)
            {
                w.WriteString("sdp"u8, command.Sdp);
            }

            CallJson.Variables(w, leg);
        });
        context.Host.Calls.Post(new LegEvent.Confirmed(leg.Id, null));
    }

    private void Display(VertoLeg leg, LegCommand.Display display)
    {
        if (leg.DisplayName == display.Name && leg.DisplayNumber == display.Number)
        {
            return;
        }

        leg.DisplayName = display.Name;
        leg.DisplayNumber = display.Number;

        // The party that the client sees is the callee of its own calls and the caller of those that came to it.
        if (leg.IsOutgoing)
        {
            (leg.CallerName, leg.CallerNumber) = (display.Name, display.Number);
        }
        else
        {
            (leg.CalleeName, leg.CalleeNumber) = (display.Name, display.Number);
        }

        if (context.Legs.SessionOf(leg) is { } session)
        {
            SendDisplay(session, leg);
        }
    }

    private void SendMessage(VertoLeg leg, LegCommand.SendMessage message)
    {
        if (context.Legs.SessionOf(leg) is { } session)
        {
            context.Request(session, "verto.info", w =>
            {
                CallJson.CallId(w, leg);
                w.WriteStartObject("msg"u8);
                w.WriteString("from"u8, leg.IsOutgoing ? leg.CallerNumber : leg.CalleeNumber);
                w.WriteString("to"u8, leg.UserId);
                w.WriteString("body"u8, message.Text);
                w.WriteEndObject();
            });
        }
    }

    /// <summary>The protocol has no offer within a call but the one for a new peer connection, so a changed session needs one with a transport of its own.</summary>
    private void Reoffer(VertoLeg leg, string? sdp)
    {
        context.Host.Calls.Post(new LegEvent.ReofferAnswered(leg.Id, null));
        if (sdp is not null && leg.State == VertoLegState.Answered && leg.Offer == OfferKind.None && context.Legs.SessionOf(leg) is not null)
        {
            leg.Offer = OfferKind.Attach;
            context.Host.Calls.Post(new LegEvent.Reoffered(leg.Id, null) { NewTransport = true });
        }
    }

    private void AcceptReoffer(VertoLeg leg, string sdp)
    {
        switch (leg.Offer)
        {
            case OfferKind.Update:
                leg.Offer = OfferKind.None;
                if (context.Replies.Find(leg.UpdateReply) is { } reply)
                {
                    context.Replies.Complete(reply, w =>
                    {
                        CallJson.CallAndAction(w, leg.CallId, reply.Action);
                        w.WriteString("sdp"u8, sdp);
                        w.WriteString("holdState"u8, leg.IsHeld ? "held"u8 : "active"u8);
                    });
                }

                leg.UpdateReply = 0;
                break;
            case OfferKind.Attach when context.Legs.SessionOf(leg) is { } session:
                leg.Offer = OfferKind.Attached;
                context.Request(session, "verto.attach", w =>
                {
                    CallJson.CallId(w, leg);
                    CallJson.Variables(w, leg);
                    w.WriteString("sdp"u8, sdp);
                    CallJson.CallerFields(w, leg);
                });
                context.Attachments.OnOffered(session, leg);
                break;
            case OfferKind.None or OfferKind.Attach or OfferKind.Attached:
            default:
                break;
        }
    }

    private void RejectReoffer(VertoLeg leg)
    {
        if (leg.Offer == OfferKind.Update)
        {
            leg.Offer = OfferKind.None;
            if (context.Replies.Find(leg.UpdateReply) is { } reply)
            {
                context.Replies.Fail(reply, JsonRpc.SessionError, "CODEC NEGOTIATION ERROR", w => CallJson.CallAndAction(w, leg.CallId, reply.Action));
            }

            leg.UpdateReply = 0;
        }
        else if (leg.Offer == OfferKind.Attach)
        {
            // Without an offer the client cannot come back into the call.
            Hangup(leg, HangupCause.BearercapabilityNotavail);
        }
    }

    private void TransferProgress(VertoLeg leg, LegCommand.TransferProgress progress)
    {
        if (!progress.Final || context.Replies.Find(leg.TransferReply) is not { } reply)
        {
            return;
        }

        leg.TransferReply = 0;
        if (progress.ProtocolStatus is >= 200 and < 300)
        {
            context.Replies.Complete(reply, w =>
            {
                CallJson.CallAndAction(w, leg.CallId, reply.Action);
                if (reply.Action.Equals("transfer", StringComparison.OrdinalIgnoreCase))
                {
                    w.WriteString("message"u8, "CALL TRANSFERRED"u8);
                }

                w.WriteString("holdState"u8, leg.IsHeld ? "held"u8 : "active"u8);
            });
            return;
        }

        var text = reply.Action.Equals("transfer", StringComparison.OrdinalIgnoreCase) ? "call is not bridged" : "transfer failed";
        context.Replies.Fail(reply, JsonRpc.SessionError, text, w =>
        {
            CallJson.CallAndAction(w, leg.CallId, reply.Action);
            w.WriteString("holdState"u8, leg.IsHeld ? "held"u8 : "active"u8);
        });
    }
}
