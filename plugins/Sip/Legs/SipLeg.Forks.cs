using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

// The dialogs that one INVITE makes, and where it goes after a redirection: RFC 3261 §8.1.3.4, §12.1.2, §13.2.2.4.
internal sealed partial class SipLeg
{
    /// <summary>The early dialog of a response, made when it is new.</summary>
    private void EarlyDialog(ClientTransaction transaction, SipMessage response)
    {
        foreach (var known in _early)
        {
            if (known.RemoteTag.AsSpan().SequenceEqual(response.ToTag))
            {
                return;
            }
        }

        if (_early.Count < MaxForks)
        {
            var dialog = MakeDialog(transaction, response);
            _early.Add(dialog);
            _context.Legs.AddDialog(this, dialog);
        }
    }

    /// <summary>The dialog of the 2xx that wins; the early ones of other branches are dropped.</summary>
    private Dialog TakeDialog(ClientTransaction transaction, SipMessage response)
    {
        var dialog = MakeDialog(transaction, response);
        foreach (var early in _early)
        {
            if (early.RemoteTag.AsSpan().SequenceEqual(dialog.RemoteTag))
            {
                // What was said within it counts on.
                dialog.LocalCSeq = early.LocalCSeq;
                dialog.RemoteCSeq = early.RemoteCSeq;
            }
        }

        DropEarly();
        _context.Legs.AddDialog(this, dialog);
        return dialog;
    }

    private void DropEarly()
    {
        foreach (var early in _early)
        {
            _context.Legs.RemoveDialog(this, early);
        }

        _early.Clear();
    }

    /// <summary>Follows a redirection, or tries the next contact of one (RFC 3261 §8.1.3.4).</summary>
    private bool TryElsewhere(int status, SipMessage? response)
    {
        if (_call is not { } call)
        {
            return false;
        }

        if (status is >= 300 and < 400 && response is not null)
        {
            call.TakeRedirection(_context, response);
        }
        else if (status >= 600)
        {
            return false;
        }

        while (call.TryNextContact(_context))
        {
            DropEarly();
            _context.Host.Log(PluginLogLevel.Info, Id, $"Redirected to {SipText.Decode(call.RequestUri)}");
            Call(call);
            return true;
        }

        return false;
    }

    private Dialog MakeDialog(ClientTransaction transaction, SipMessage response)
    {
        Dialog.TryRouteSet(response, reverse: true, out var routes);
        return new Dialog
        {
            CallId = _call!.CallId,
            LocalTag = _call.LocalTag,
            RemoteTag = response.ToTag.ToArray(),
            Local = _call.From,
            Remote = _context.Block.Clear().Echo(response.To).ToArray(),
            LocalCSeq = _call.CSeq,
            Routes = routes,
            Target = Dialog.ContactOf(response) ?? transaction.Request.RequestUri,
            Flow = transaction.Flow,
        };
    }

    private void SendAck(byte[] body, string contentType)
    {
        if (Dialog is { } dialog && _context.Transactions.FindClient(_inviteKey) is { } transaction)
        {
            SendAck(dialog, transaction.Request, body, contentType);
        }
    }

    /// <summary>Sends the ACK of a 2xx: a request of its own within the dialog (RFC 3261 §13.2.2.4), kept for repetitions of the 2xx.</summary>
    private void SendAck(Dialog dialog, ClientRequest invite, byte[] body, string contentType)
    {
        var uri = dialog.Route(_context.Block, out var routes);
        var ack = new ClientRequest
        {
            Method = SipMethod.Ack,
            Purpose = RequestPurpose.Message,
            RequestUri = uri,
            Routes = routes,
            From = dialog.Local,
            To = dialog.Remote,
            CallId = dialog.CallId,
            CSeq = invite.CSeq,
            Branch = _context.NewBranch(),
            ContactUser = ContactUser,
            Credentials = invite.Credentials,
            ContentType = contentType,
            Body = body,
        };
        var flow = FlowTo(dialog);
        ack.WriteTo(_context.Writer, flow, _context);
        var packet = _context.Writer.ToArray();
        if (_acks.Count >= MaxForks)
        {
            _acks.RemoveAt(0);
        }

        _acks.Add(new SentAck(invite.CSeq, dialog.RemoteTag, flow, packet));
        _context.Transport.Send(flow, packet, 0);
        invite.Body = [];
        invite.Extra = [];
    }

    private SentAck? FindAck(uint cseq, ReadOnlySpan<byte> tag)
    {
        foreach (var ack in _acks)
        {
            if (ack.CSeq == cseq && ack.RemoteTag.AsSpan().SequenceEqual(tag))
            {
                return ack;
            }
        }

        return null;
    }

    /// <summary>An ACK that was sent.</summary>
    /// <param name="CSeq">Of the INVITE.</param>
    /// <param name="RemoteTag">Tag of the branch that answered.</param>
    /// <param name="Flow">Where it went.</param>
    /// <param name="Packet">The message.</param>
    private sealed record SentAck(uint CSeq, byte[] RemoteTag, Flow Flow, byte[] Packet);
}
