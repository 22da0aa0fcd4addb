using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Legs;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.Methods;

/// <summary>Calls begin, are answered, end, and are taken up again: invite, answer, bye, attach.</summary>
internal sealed class CallMethods(VertoContext context)
{
    private const int MaxNumber = 256, MaxName = 256;

    public void Invite(in RpcCall call)
    {
        if (!DialogParams.TryRead(call, out var dialog, out var callId))
        {
            return;
        }

        if (DialogParams.Sdp(call.Params) is not { } sdp)
        {
            call.Error(JsonRpc.SessionError, "SDP missing", w => CallJson.CallAndAction(w, callId, ""));
            return;
        }

        var session = call.Session;
        var id = Guid.TryParseExact(callId, "D", out var uuid) && uuid != Guid.Empty ? new LegId(uuid) : context.Host.Calls.NewLeg();
        var destination = Clean.Text(dialog.TextOrNumber("destination_number"), MaxNumber);
        destination = destination.Length > 0 ? destination : "service";
        if (Refusal(session, callId, id, destination, out var reason) is var cause && cause != HangupCause.None)
        {
            call.Error(JsonRpc.SessionError, "CALL ERROR", w =>
            {
                CallJson.CallAndAction(w, callId, "");
                CallJson.Cause(w, cause);
                w.WriteString("reason"u8, reason);
            });
            return;
        }

        var leg = new VertoLeg(id, context.NextId(), callId, session.Id, session.UserId, isOutgoing: false)
        {
            CallerName = Clean.Text(dialog.Text("caller_id_name"), MaxName),
            CallerNumber = Clean.Text(dialog.TextOrNumber("caller_id_number"), MaxNumber),
            CalleeName = Clean.Text(dialog.Text("remote_caller_id_name"), MaxName),
            CalleeNumber = Clean.Text(dialog.TextOrNumber("remote_caller_id_number"), MaxNumber),
            IsRecoverable = !dialog.IsFalse("recoverCall"),
        };
        context.Legs.Add(leg);
        context.Host.Count("calls_in");
        var user = session.Number.Length == 0 ? null : context.Host.Directory.FindUser(session.Number, session.Domain);
        var caller = new IncomingCaller(VertoPlugin.Endpoint, context.ProfileOf(session.Listener), $"{VertoPlugin.Endpoint}/{destination}", user, leg.CallerName, leg.CallerNumber, destination, session.Remote)
        {
            Domain = session.Domain,
            Local = session.Local.Address,
        };
        context.Host.Calls.Post(new LegEvent.Incoming(id, caller, sdp, CallVariables.Of(context, session, dialog)));
        call.Result(w =>
        {
            w.WriteString("message"u8, "CALL CREATED"u8);
            w.WriteString("callID"u8, callId);
        });
    }

    public void Answer(in RpcCall call)
    {
        if (!DialogParams.TryFind(context, call, "", out var dialog, out var leg))
        {
            return;
        }

        if (DialogParams.Sdp(call.Params) is not { } sdp)
        {
            call.Error(JsonRpc.SessionError, "SDP missing", w => CallJson.CallId(w, leg));
            return;
        }

        if (!leg.IsOutgoing || leg.State == VertoLegState.Answered)
        {
            call.Error(JsonRpc.SessionError, "CALL ERROR", w => CallJson.CallId(w, leg));
            return;
        }

        if (!DialogParams.IsUsable(sdp))
        {
            call.Error(JsonRpc.SessionError, "CODEC ERROR", w => CallJson.CallId(w, leg));
            context.Legs.End(leg, HangupCause.IncompatibleDestination, byPeer: true);
            return;
        }

        leg.State = VertoLegState.Answered;
        leg.IsRecoverable = !dialog.IsFalse("recoverCall");
        List<KeyValuePair<string, string>> variables = [.. CallVariables.Of(context, call.Session, dialog)];
        if (Clean.Text(dialog.Text("callee_id_name"), MaxName) is { Length: > 0 } name)
        {
            leg.CalleeName = name;
            variables.Add(new("callee_id_name", name));
        }

        if (Clean.Text(dialog.TextOrNumber("callee_id_number"), MaxNumber) is { Length: > 0 } number)
        {
            leg.CalleeNumber = number;
            variables.Add(new("callee_id_number", number));
        }

        context.Host.Calls.Post(new LegEvent.Answered(leg.Id, sdp, variables));
        call.Result();
    }

    public void Bye(in RpcCall call)
    {
        if (!DialogParams.TryFind(context, call, "", out _, out var leg))
        {
            return;
        }

        var cause = HangupCauses.TryParse(call.Params.TextOrNumber("cause"), out var named) ? named
            : HangupCauses.TryParse(call.Params.TextOrNumber("causeCode"), out var numbered) ? numbered
            : HangupCause.NormalClearing;
        context.Legs.End(leg, cause, byPeer: true);
        call.Result(w =>
        {
            CallJson.CallId(w, leg);
            w.WriteString("message"u8, "CALL ENDED"u8);
            CallJson.Cause(w, cause);
        });
    }

    /// <summary>The client's answer to the offer in <c>verto.attach</c>.</summary>
    public void Attach(in RpcCall call)
    {
        if (!DialogParams.TryFind(context, call, "", out _, out var leg))
        {
            return;
        }

        if (DialogParams.Sdp(call.Params) is not { } sdp)
        {
            call.Error(JsonRpc.SessionError, "SDP missing", w => CallJson.CallId(w, leg));
            return;
        }

        if (leg.State != VertoLegState.Answered)
        {
            call.Error(JsonRpc.SessionError, "Cannot attach to a call that has not been answered.", w => CallJson.CallId(w, leg));
            context.Legs.End(leg, HangupCause.DestinationOutOfOrder, byPeer: true);
            return;
        }

        if (leg.Offer != OfferKind.Attached)
        {
            call.Error(JsonRpc.SessionError, "CALL DOES NOT EXIST", w => CallJson.CallId(w, leg));
            return;
        }

        if (!DialogParams.IsUsable(sdp))
        {
            call.Error(JsonRpc.SessionError, "CODEC NEGOTIATION ERROR", w => CallJson.CallId(w, leg));
            context.Legs.End(leg, HangupCause.BearercapabilityNotavail, byPeer: true);
            return;
        }

        leg.Offer = OfferKind.None;
        context.Host.Calls.Post(new LegEvent.ReofferAnswered(leg.Id, sdp));
        context.Host.Calls.Post(new LegEvent.KeyFrameWanted(leg.Id));
        context.Commands.SendDisplay(call.Session, leg);
        context.Channels.JoinAgain(call.Session, leg);
        call.Result();
    }

    private HangupCause Refusal(VertoSession session, string callId, LegId id, string destination, out string reason)
    {
        reason = "Cannot create channel";
        if (context.Legs.IsTaken(callId, id))
        {
            return HangupCause.InvalidCallReference;
        }

        if (context.Host.Calls.IsRefusingCalls || context.Legs.OfSession(session.Id).Count() >= context.Options.MaxCallsPerSession)
        {
            return HangupCause.SwitchCongestion;
        }

        if (session.Destinations.Count > 0 && !session.Destinations.Contains(destination))
        {
            context.Host.Security("not_permitted", session.Remote, ("user", session.UserId), ("destination", destination));
            reason = "Destination not permitted";
            return HangupCause.OutgoingCallBarred;
        }

        return HangupCause.None;
    }
}
