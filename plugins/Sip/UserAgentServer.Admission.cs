using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Legs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Registrar;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip;

// Who is served: scanners, networks, credentials, peers of dialogs.
internal sealed partial class UserAgentServer
{
    /// <summary>Scanners that say who they are get no answer at all (they would count even a refusal as a find), and are banned.</summary>
    private bool IsScanner(SipMessage request, in Flow flow)
    {
        if (!IsOneOf(context.Options.Scanners, request))
        {
            return false;
        }

        context.Limiter.Scanned(flow.Remote, SipText.Decode(request.Value(HeaderName.UserAgent)));
        return true;
    }

    /// <summary>Whether the User-Agent begins with one of the names.</summary>
    private static bool IsOneOf(IReadOnlyList<string> names, SipMessage request)
    {
        var agent = request.Value(HeaderName.UserAgent);
        foreach (var name in names)
        {
            if (agent.Length >= name.Length && System.Text.Ascii.EqualsIgnoreCase(agent[..name.Length], name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a request outside a dialog may be served: by credentials, or by its network.</summary>
    private bool Admit(SipMessage request, in Flow flow, out DirectoryUser? user)
    {
        user = null;
        var options = context.OptionsOf(flow);
        if (!options.TakesRegistrations && request.Method == SipMethod.Register)
        {
            ReplyStateless(request, flow, 403, "No registration here");
            return false;
        }

        if (request.Method != SipMethod.Register
            && (options.Acl.Contains(flow.Remote.Address) || context.Gateways.Find(flow.Remote.Address)?.Options.Profile == context.ProfileOf(flow.Listener)))
        {
            return true;
        }

        if (!options.Authenticates)
        {
            context.Host.Security("acl_refused", flow.Remote, ("method", SipText.Decode(request.At(request.MethodText))), ("profile", context.ProfileOf(flow.Listener)));
            ReplyStateless(request, flow, 403);
            return false;
        }

        // A foreign domain is told so before anybody is asked for a password.
        if (request.Method == SipMethod.Register && !SipRegistrar.IsOurDomain(context, request, flow))
        {
            ReplyStateless(request, flow, 404, "Not our domain");
            return false;
        }

        return Authenticate(request, flow, out user);
    }

    private bool Authenticate(SipMessage request, in Flow flow, out DirectoryUser? user)
    {
        var result = context.Authenticator.Check(request, flow, out user);
        switch (result)
        {
            case AuthResult.Accepted when MayUse(user!, flow.Transport):
                context.Limiter.Authenticated(flow.Remote.Address);
                return true;
            case AuthResult.Accepted:
                context.Host.Security("not_permitted", flow.Remote, ("user", user!.Number), ("transport", ViaHeader.LowerName(flow.Transport)));
                ReplyStateless(request, flow, 403);
                return false;
            case AuthResult.Malformed:
                ReplyStateless(request, flow, 400, "Malformed credentials");
                return false;
            case AuthResult.Missing or AuthResult.Stale or AuthResult.Rejected:
            default:
                Challenge(request, flow, result == AuthResult.Stale);
                return false;
        }
    }

    /// <summary>Whether a user may come by this way; one without any permissions listed may come by all.</summary>
    private static bool MayUse(DirectoryUser user, TransportKind transport) =>
        user.Permissions.Count == 0 || user.Permissions.Contains(transport is TransportKind.Ws or TransportKind.Wss ? "webrtc" : "sip");

    /// <summary>Whether a request within a dialog comes from its peer. Another address over UDP must prove itself; what cannot is let in only for dialogs without a user, whose three secret identifiers it knows.</summary>
    private bool IsPeer(SipMessage request, in Flow flow, SipLeg leg, Dialog dialog)
    {
        var isSame = dialog.Flow.Remote.Address.Equals(flow.Remote.Address) || (flow.IsReliable && flow.Connection == dialog.Flow.Connection);
        if (isSame || leg.UserNumber.Length == 0)
        {
            return true;
        }

        if (!Authenticate(request, flow, out var user))
        {
            return false;
        }

        if (user!.Number == leg.UserNumber)
        {
            return true;
        }

        ReplyStateless(request, flow, 403);
        return false;
    }

    /// <summary>The way back follows the peer: a NAT may change the port, a stream may be opened anew.</summary>
    private Flow Moved(Dialog dialog, in Flow flow)
    {
        if (dialog.Flow == flow || dialog.Routes.Length > 0)
        {
            return dialog.Flow;
        }

        context.Legs.Detach(dialog);
        dialog.Flow = flow;
        context.Legs.Attach(dialog);
        return flow;
    }
}
