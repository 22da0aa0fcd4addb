using System.Net;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Transport;

/// <summary>The way to a registered contact: its own flow before everything else (RFC 5626 §5.3).</summary>
internal static class BindingWay
{
    /// <summary>Finds the flow.</summary>
    /// <param name="context">The plugin's parts.</param>
    /// <param name="binding">The contact.</param>
    /// <param name="hint">What the media chose for the same peer, when known.</param>
    /// <param name="flow">The way.</param>
    /// <param name="problem">Why there is none.</param>
    public static bool TryFind(SipContext context, Registration binding, IPAddress? hint, out Flow flow, out string problem)
    {
        flow = default;
        problem = "";
        var listener = context.ListenerByName(binding.ListenerName) ?? context.ListenerFor(binding.Profile, binding.Transport, binding.Remote.Address);
        if (listener is null)
        {
            problem = "No listener for the contact";
            return false;
        }

        if (binding.Transport == TransportKind.Udp)
        {
            flow = new Flow(listener.Id, default, binding.Remote, context.LocalAddresses.Find(listener.Id, binding.Remote.Address, hint), TransportKind.Udp);
            return true;
        }

        if (context.Transport.Find(binding.Connection) is { } connection)
        {
            flow = connection.Flow;
            return true;
        }

        // A browser, or a phone that registered for its flow, can only be reached by that; others say where they listen.
        if (binding.Transport is TransportKind.Ws or TransportKind.Wss || binding.RegId > 0
            || !SipUri.TryParse(Encoding.UTF8.GetBytes(binding.Contact), out var contact) || !contact.TryAddress(out var address))
        {
            problem = "Flow failed";
            return false;
        }

        flow = context.Transport.Connect(listener, new IPEndPoint(address, contact.Port == 0 ? Hop.DefaultPort(binding.Transport) : contact.Port), "");
        return true;
    }

    /// <summary>The Route lines that lead to it (RFC 3327 §5.2).</summary>
    public static byte[] Routes(SipContext context, Registration binding)
    {
        if (binding.Path.Count == 0)
        {
            return [];
        }

        context.Block.Clear();
        foreach (var path in binding.Path)
        {
            context.Block.Raw("Route: "u8).Value(path).Line();
        }

        return context.Block.ToArray();
    }
}
