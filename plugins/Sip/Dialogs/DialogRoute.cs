using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Dialogs;

/// <summary>The way of a request within a dialog (RFC 3261 §12.2.1.1, with the care that NATs need).</summary>
internal static class DialogRoute
{
    /// <summary>The way to the next hop.</summary>
    /// <param name="context">The plugin's parts.</param>
    /// <param name="dialog">The dialog; its flow is replaced when a connection had to be made anew.</param>
    /// <param name="profile">Its profile.</param>
    public static Flow FlowTo(SipContext context, Dialog dialog, string profile)
    {
        var flow = context.Current(dialog.Flow);
        if (flow.IsReliable)
        {
            if (context.Transport.IsKnown(flow.Connection) || flow.Transport is TransportKind.Ws or TransportKind.Wss
                || context.Listener(flow.Listener) is not { } listener || HopOf(context, dialog, profile, out _) is not { } address)
            {
                return flow;
            }

            // The connection is gone: a new one to where the peer says it listens.
            var isCounted = dialog.IsAttached;
            context.Legs.Detach(dialog);
            dialog.Flow = context.Transport.Connect(listener, address, ServerName(dialog)) with { Local = flow.Local };
            if (isCounted)
            {
                context.Legs.Attach(dialog);
            }

            return dialog.Flow;
        }

        if (HopOf(context, dialog, profile, out var transport) is not { } hop)
        {
            return flow;
        }

        return transport is TransportKind.Tcp or TransportKind.Tls && context.ListenerFor(profile, transport, hop.Address) is { } stream
            ? context.Transport.Connect(stream, hop, ServerName(dialog))
            : flow with { Remote = hop };
    }

    /// <summary>The name to look up for the next hop, or null when none is needed.</summary>
    public static string? NameToLookUp(SipContext context, Dialog dialog, string profile) =>
        !dialog.Flow.IsReliable && (dialog.Routes.Length > 0 || !context.Options.Of(profile).MindsNat)
        && SipUri.TryParse(dialog.NextHop, out var uri) && !uri.TryAddress(out _) && !IsInvalid(uri.Host)
            ? SipText.Decode(uri.Host)
            : null;

    /// <summary>A name that nobody is to look up (RFC 7118 §5.1, RFC 6761 §6.4).</summary>
    public static bool IsInvalid(ReadOnlySpan<byte> host) => host.EndsWith(".invalid"u8) || host.SequenceEqual("invalid"u8);

    private static string ServerName(Dialog dialog) => SipUri.TryParse(dialog.NextHop, out var uri) ? SipText.Decode(uri.Host) : "";

    /// <summary>Address of the next hop by its URI; null when the source of the peer's messages is to be used.</summary>
    private static IPEndPoint? HopOf(SipContext context, Dialog dialog, string profile, out TransportKind transport)
    {
        transport = TransportKind.Udp;
        if (!SipUri.TryParse(dialog.NextHop, out var uri) || !Hop.TryRead(uri, out var hop))
        {
            return null;
        }

        transport = hop.Transport ?? TransportKind.Udp;
        if (hop.Address is not { } address)
        {
            return dialog.Hop;
        }

        var source = AccessList.Plain(dialog.Flow.Remote.Address);
        if (dialog.Routes.Length == 0 && !address.Equals(source) && IsBehindNat(context, profile, address, source))
        {
            return null;
        }

        return new IPEndPoint(address, hop.Port == 0 ? Hop.DefaultPort(transport) : hop.Port);
    }

    /// <summary>A phone whose Contact is not where its messages come from is behind a NAT; a trunk only when the Contact is private.</summary>
    private static bool IsBehindNat(SipContext context, string profile, IPAddress contact, IPAddress source) =>
        context.Options.Of(profile).MindsNat || (LocalAddresses.IsPrivate(contact) && !LocalAddresses.IsPrivate(source));
}
