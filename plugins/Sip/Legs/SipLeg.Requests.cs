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
            ContactUser = method is SipMethod.Bye or SipMethod.Info or SipMethod.Message or SipMethod.Prack ? null : ContactUser,
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

            // Within the dialog the peer may have led us elsewhere; credentials are for the one that was called (S-07).
            || !transaction.Flow.Remote.Address.Equals(call.Flow.Remote.Address)
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
        var again = request.Again(dialog.LocalCSeq, _context.NewBranch(), credentials);
        var sent = _context.Transactions.Start(again, transaction.Flow, this);
        if (_reinviteKey == request.TransactionKey)
        {
            _reinviteKey = sent.Key;
        }

        return true;
    }

    /// <summary>The way to the next hop of a dialog.</summary>
    private Flow FlowTo(Dialog dialog) => DialogRoute.FlowTo(_context, dialog, Profile);

    /// <summary>Looks the next hop of a dialog up when it is a name that is to be followed.</summary>
    private void LookUpHop(Dialog dialog)
    {
        if (DialogRoute.NameToLookUp(_context, dialog, Profile) is { } name)
        {
            _context.Host.Resolve(TimerKey.Make(TimerKind.Leg, Key), name);
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
