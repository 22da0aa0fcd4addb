using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Legs;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.Methods;

/// <summary><c>verto.modify</c>: hold, transfer, and a changed session.</summary>
internal sealed class ModifyMethod(VertoContext context)
{
    private const int MaxDestination = 256;

    public void Handle(in RpcCall call)
    {
        var action = Clean.Text(call.Params.Text("action"), 64);
        if (!DialogParams.TryFind(context, call, action, out _, out var leg))
        {
            return;
        }

        if (action.Length == 0)
        {
            Refuse(call, leg, action, "action missing");
            return;
        }

        switch (action.ToLowerInvariant())
        {
            case "hold":
                Hold(call, leg, action, true);
                break;
            case "unhold":
                Hold(call, leg, action, false);
                break;
            case "togglehold":
                Hold(call, leg, action, !leg.IsHeld);
                break;
            case "transfer":
                Transfer(call, leg, action);
                break;
            case "replace":
                Replace(call, leg, action);
                break;
            case "updatemedia":
                UpdateMedia(call, leg, action);
                break;
            case "videorefresh":
                context.Host.Calls.Post(new LegEvent.KeyFrameWanted(leg.Id));
                Done(call, leg, action);
                break;
            default:
                Done(call, leg, action);
                break;
        }
    }

    private static void Done(in RpcCall call, VertoLeg leg, string action) => call.Result(w =>
    {
        CallJson.CallAndAction(w, leg.CallId, action);
        w.WriteString("holdState"u8, leg.IsHeld ? "held"u8 : "active"u8);
    });

    private static void Refuse(in RpcCall call, VertoLeg leg, string action, string message) => call.Error(JsonRpc.SessionError, message, w =>
    {
        CallJson.CallAndAction(w, leg.CallId, action);
        w.WriteString("holdState"u8, leg.IsHeld ? "held"u8 : "active"u8);
    });

    private void Hold(in RpcCall call, VertoLeg leg, string action, bool hold)
    {
        if (leg.State == VertoLegState.Answered && leg.IsHeld != hold)
        {
            leg.IsHeld = hold;
            context.Host.Calls.Post(new LegEvent.HoldRequested(leg.Id, hold));
        }

        Done(call, leg, action);
    }

    private void Transfer(in RpcCall call, VertoLeg leg, string action)
    {
        var destination = Clean.Text(call.Params.TextOrNumber("destination"), MaxDestination);
        if (destination.Length == 0)
        {
            Refuse(call, leg, action, "destination missing");
            return;
        }

        if (leg.State != VertoLegState.Answered)
        {
            Refuse(call, leg, action, "call is not bridged");
            return;
        }

        Request(call, leg, action, new LegEvent.TransferRequested(leg.Id, destination, default, leg.UserId) { BridgedOnly = true });
    }

    private void Replace(in RpcCall call, VertoLeg leg, string action)
    {
        var other = call.Params.Text("replaceCallID") ?? "";
        if (other.Length == 0)
        {
            Refuse(call, leg, action, "replaceCallID missing");
            return;
        }

        if (context.Legs.Find(call.Session, other) is not { } replaced || replaced == leg || leg.State != VertoLegState.Answered)
        {
            Refuse(call, leg, action, "invalid transfer leg");
            return;
        }

        Request(call, leg, action, new LegEvent.TransferRequested(leg.Id, "", replaced.Id, leg.UserId));
    }

    private void Request(in RpcCall call, VertoLeg leg, string action, LegEvent.TransferRequested request)
    {
        var key = leg.TransferReply == 0 ? context.Replies.Defer(call, ReplyKind.Transfer, leg.CallId, action) : 0;
        if (key == 0)
        {
            Refuse(call, leg, action, "transfer failed");
            return;
        }

        leg.TransferReply = key;
        context.Host.Calls.Post(request);
    }

    private void UpdateMedia(in RpcCall call, VertoLeg leg, string action)
    {
        if (DialogParams.Sdp(call.Params) is not { } sdp)
        {
            Refuse(call, leg, action, "SDP missing");
            return;
        }

        if (leg.State != VertoLegState.Answered)
        {
            Refuse(call, leg, action, "Cannot update a call that has not been answered.");
            context.Commands.Hangup(leg, HangupCause.DestinationOutOfOrder);
            return;
        }

        var key = !DialogParams.IsUsable(sdp) || leg.Offer is OfferKind.Update or OfferKind.Attach or OfferKind.Attached ? 0 : context.Replies.Defer(call, ReplyKind.Update, leg.CallId, action);
        if (key == 0)
        {
            Refuse(call, leg, action, "CODEC NEGOTIATION ERROR");
            return;
        }

        leg.Offer = OfferKind.Update;
        leg.UpdateReply = key;
        context.Host.Calls.Post(new LegEvent.Reoffered(leg.Id, sdp));
    }
}
