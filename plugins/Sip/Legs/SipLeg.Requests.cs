using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

// Requests of ours within a dialog, and the way they take.
internal sealed partial class SipLeg
{
    /// <summary>Whether the peer said in Allow that it takes UPDATE.</summary>
    private bool _peerUpdates;

    /// <summary>Sends a request within a dialog.</summary>
    private ClientTransaction SendInDialog(SipMethod method, RequestPurpose purpose, Dialog dialog, byte[] extra, string contentType = "", byte[]? body = null)
    {
        dialog.LocalCSeq++;
        var uri = dialog.Route(_context.Block, out var routes);
        var request = new ClientRequest
        {
            Method = method,
            Purpose = purpose,
            RequestUri = uri,
            Routes = routes,
            From = dialog.Local,
            To = dialog.Remote,
            CallId = dialog.CallId,
            CSeq = dialog.LocalCSeq,
            Branch = _context.NewBranch(),
            ContactUser = method is SipMethod.Bye or SipMethod.Info or SipMethod.Message ? null : ContactUser,
            Extra = extra,
            ContentType = contentType,
            Body = body ?? [],
        };
        return _context.Transactions.Start(request, FlowTo(dialog), this);
    }

    /// <summary>Sends a challenged request again with the credentials that were given for this leg, at most twice.</summary>
    private bool TryAuthenticate(ClientTransaction transaction, SipMessage response)
    {
        var request = transaction.Request;
        if (_call is not { AuthUser.Length: > 0 } call || request.AuthTries >= 2 || request.Method == SipMethod.Cancel
            || (request.Purpose == RequestPurpose.Invite && State is not (LegState.Calling or LegState.Proceeding))
            || !DigestClient.TryAnswer(response, request.Method.Name(), request.RequestUri, call.AuthUser, call.AuthPassword, call.AuthRealm, Convert.ToHexStringLower(_context.NewTag()), _context.Block))
        {
            return false;
        }

        var credentials = _context.Block.ToArray();
        if (request.Purpose == RequestPurpose.Invite)
        {
            SendInvite(call.Flow, credentials, request.AuthTries + 1);
            return true;
        }

        if (Dialog is not { } dialog)
        {
            return false;
        }

        dialog.LocalCSeq++;
        var again = new ClientRequest
        {
            Method = request.Method,
            Purpose = request.Purpose,
            RequestUri = request.RequestUri,
            Routes = request.Routes,
            From = request.From,
            To = request.To,
            CallId = request.CallId,
            CSeq = dialog.LocalCSeq,
            Branch = _context.NewBranch(),
            ContactUser = request.ContactUser,
            Extra = request.Extra,
            Credentials = credentials,
            AuthTries = request.AuthTries + 1,
            ContentType = request.ContentType,
            Body = request.Body,
        };
        var sent = _context.Transactions.Start(again, transaction.Flow, this);
        if (_reinviteKey == request.TransactionKey)
        {
            _reinviteKey = sent.Key;
        }

        return true;
    }

    /// <summary>The way to the next hop of a dialog (RFC 3261 §12.2.1.1, with the care that NATs need).</summary>
    private Flow FlowTo(Dialog dialog)
    {
        var flow = dialog.Flow;
        if (flow.IsReliable)
        {
            if (_context.Transport.IsKnown(flow.Connection) || flow.Transport is TransportKind.Ws or TransportKind.Wss
                || _context.Listener(flow.Listener) is not { } listener || HopOf(dialog, out _) is not { } address)
            {
                return flow;
            }

            // The connection is gone: a new one to where the peer says it listens.
            var isCounted = dialog.IsAttached;
            _context.Legs.Detach(dialog);
            dialog.Flow = _context.Transport.Connect(listener, address) with { Local = flow.Local };
            if (isCounted)
            {
                _context.Legs.Attach(dialog);
            }

            return dialog.Flow;
        }

        if (HopOf(dialog, out var transport) is not { } hop)
        {
            return flow;
        }

        return transport == TransportKind.Tcp && _context.ListenerFor(Profile, TransportKind.Tcp, hop.Address) is { } stream
            ? _context.Transport.Connect(stream, hop)
            : flow with { Remote = hop };
    }

    /// <summary>Address of the next hop by its URI; null when the source of the peer's messages is to be used.</summary>
    private IPEndPoint? HopOf(Dialog dialog, out TransportKind transport)
    {
        transport = TransportKind.Udp;
        if (!SipUri.TryParse(dialog.NextHop, out var uri))
        {
            return null;
        }

        if (uri.TryParameter("transport"u8, out var name) && SipText.EqualsIgnoreCase(name, "tcp"u8))
        {
            transport = TransportKind.Tcp;
        }

        if (!uri.TryAddress(out var address))
        {
            return dialog.Hop;
        }

        var source = AccessList.Plain(dialog.Flow.Remote.Address);
        if (dialog.Routes.Length == 0 && !address.Equals(source) && IsBehindNat(address, source))
        {
            return null;
        }

        return new IPEndPoint(address, uri.Port == 0 ? 5060 : uri.Port);
    }

    /// <summary>A phone whose Contact is not where its messages come from is behind a NAT; a trunk only when the Contact is private.</summary>
    private bool IsBehindNat(IPAddress contact, IPAddress source) =>
        Profile != "external" || (LocalAddresses.IsPrivate(contact) && !LocalAddresses.IsPrivate(source));

    /// <summary>Looks the next hop of a dialog up when it is a name that is to be followed.</summary>
    private void LookUpHop(Dialog dialog)
    {
        if (dialog.Flow.IsReliable || (dialog.Routes.Length == 0 && Profile != "external"))
        {
            return;
        }

        if (SipUri.TryParse(dialog.NextHop, out var uri) && !uri.TryAddress(out _) && !uri.Host.EndsWith(".invalid"u8))
        {
            _context.Host.Resolve(TimerKey.Make(TimerKind.Leg, Key), SipText.Decode(uri.Host));
        }
    }

    /// <summary>Notes what the peer says it can.</summary>
    private void Learn(SipMessage message)
    {
        if (message.Has(HeaderName.Allow))
        {
            _peerUpdates = message.ListContains(HeaderName.Allow, "UPDATE"u8);
        }
    }

    private byte[] ReasonLine(HangupCause cause, string text) => ReasonHeader.Line(_context.Block, cause, text);

    private static HangupCause CauseOf(SipMessage message, HangupCause fallback) => ReasonHeader.Parse(message, fallback);

    /// <summary>A target in the protocol's own form as a URI: what has no scheme gets one, a bare number our domain.</summary>
    private string TargetUri(string target)
    {
        target = target.Trim().Trim('<', '>');
        if (target.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) || target.StartsWith("sips:", StringComparison.OrdinalIgnoreCase) || target.StartsWith("tel:", StringComparison.OrdinalIgnoreCase))
        {
            return target;
        }

        return "sip:" + (target.Contains('@', StringComparison.Ordinal) ? target : target + "@" + _context.Host.Directory.Domain);
    }
}
