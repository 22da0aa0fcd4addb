using System.Globalization;
using System.Net;
using System.Net.Sockets;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Listeners;

/// <summary>Where a listener is to be bound.</summary>
/// <param name="Address">The address; null for all of both families.</param>
/// <param name="Port">0..65535; 0 lets the system choose.</param>
internal readonly record struct ListenAddress(IPAddress? Address, int Port)
{
    /// <summary>Reads <c>*:5060</c>, <c>192.0.2.1:5060</c> or <c>[2001:db8::1]:5060</c>.</summary>
    public static bool TryParse(string text, out ListenAddress value)
    {
        value = default;
        var colon = text.LastIndexOf(':');
        if (colon < 1
            || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || !TryParseHost(text[..colon], out var address))
        {
            return false;
        }

        value = new ListenAddress(address, port);
        return true;
    }

    /// <summary>Reads <c>*</c> or an address.</summary>
    public static bool TryParseHost(string text, out IPAddress? address)
    {
        address = null;
        if (text is "*" or "")
        {
            return true;
        }

        if (text.StartsWith('[') && text.EndsWith(']'))
        {
            text = text[1..^1];
        }
        else if (text.Contains(':', StringComparison.Ordinal) && text.Contains('.', StringComparison.Ordinal))
        {
            return false;
        }

        return IPAddress.TryParse(text, out address);
    }

    public override string ToString() => Address is null ? $"*:{Port}" : new IPEndPoint(Address, Port).ToString();
}

/// <summary>A listener whose place is decided but not yet bound.</summary>
/// <param name="Spec">From the manifest.</param>
/// <param name="Address">From the manifest, changed by the configuration.</param>
internal sealed record PlannedListener(ListenerSpec Spec, ListenAddress Address)
{
    /// <summary>Whether clients of a TLS listener are asked for a certificate.</summary>
    public ClientCertificates ClientCertificates { get; init; }

    /// <summary>For a route on a shared listener, which is not bound again; else null.</summary>
    public RouteSpec? Route { get; init; }
}

/// <summary>A bound socket that waits to be attached to a loop, or a route on one that is bound already.</summary>
internal sealed class BoundListener(ListenerInfo info, PlannedListener plan, Socket? socket) : IDisposable
{
    public ListenerInfo Info { get; } = info;

    public PlannedListener Plan { get; } = plan;

    /// <summary>Whether clients are asked for a certificate; changes for those that come next, without binding again. Any thread.</summary>
    public ClientCertificates ClientCertificates { get; set; } = plan.ClientCertificates;

    /// <summary>Null for a route.</summary>
    public Socket? Socket { get; } = socket;

    /// <summary>The route; null for a listener of its own.</summary>
    public RouteSpec? Route => Plan.Route;

    /// <summary>Whether it receives on several local addresses.</summary>
    public bool IsWildcard { get; } = info.Local.Address.Equals(IPAddress.Any) || info.Local.Address.Equals(IPAddress.IPv6Any);

    public void Dispose() => Socket?.Dispose();
}

/// <summary>Binds listeners, all or none. Any thread.</summary>
internal static class ListenerBinder
{
    private const int Backlog = 512;
    private const int SharedPortTries = 32;

    /// <summary>Binds a plan.</summary>
    /// <param name="plan">What to bind. Listeners of one profile that ask for port 0 get one common port.</param>
    /// <param name="receiveBufferBytes">Wish for UDP; the system may grant less.</param>
    /// <param name="ids">Numbers of the listeners.</param>
    /// <param name="bound">All of them, in the plan's order; empty at failure.</param>
    /// <param name="error">Names the listener, the address and the reason.</param>
    public static bool TryBind(IReadOnlyList<PlannedListener> plan, int receiveBufferBytes, IdSource ids, out IReadOnlyList<BoundListener> bound, out string error)
    {
        bound = [];
        for (var attempt = 1; ; attempt++)
        {
            var sockets = new List<BoundListener>(plan.Count);
            if (TryOnce(plan, receiveBufferBytes, ids, sockets, out var isRetryable, out error))
            {
                bound = sockets;
                return true;
            }

            foreach (var one in sockets)
            {
                one.Dispose();
            }

            if (!isRetryable || attempt == SharedPortTries)
            {
                return false;
            }
        }
    }

    private static bool TryOnce(IReadOnlyList<PlannedListener> plan, int receiveBufferBytes, IdSource ids, List<BoundListener> sockets, out bool isRetryable, out string error)
    {
        var chosen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var item in plan)
        {
            if (item.Route is not null)
            {
                var at = new IPEndPoint(item.Address.Address ?? IPAddress.Any, item.Address.Port);
                sockets.Add(new BoundListener(new ListenerInfo(ids.NextListener(), item.Spec.Name, item.Spec.Profile, item.Spec.Transport, at), item, null));
                continue;
            }

            // One number for the datagrams and the byte streams of a profile; the others cannot share it with a stream.
            var isShared = item.Address.Port == 0 && item.Spec.Transport is TransportKind.Udp or TransportKind.Tcp && chosen.ContainsKey(item.Spec.Profile);
            var port = isShared ? chosen[item.Spec.Profile] : item.Address.Port;
            try
            {
                var socket = Open(item, port, receiveBufferBytes);
                var local = (IPEndPoint)socket.LocalEndPoint!;
                if (item.Address.Port == 0 && item.Spec.Transport is TransportKind.Udp or TransportKind.Tcp)
                {
                    chosen.TryAdd(item.Spec.Profile, local.Port);
                }

                var info = new ListenerInfo(ids.NextListener(), item.Spec.Name, item.Spec.Profile, item.Spec.Transport, AddressBytes.Normalise(local));
                sockets.Add(new BoundListener(info, item, socket));
            }
            catch (SocketException e)
            {
                // Another program may hold, for TCP, the number that the system chose for UDP: choose again.
                isRetryable = isShared && e.SocketErrorCode == SocketError.AddressAlreadyInUse;
                error = $"listener {item.Spec.Name}: cannot bind {Name(item.Spec.Transport)} {item.Address}: {Reason(e)}";
                return false;
            }
        }

        isRetryable = false;
        error = "";
        return true;
    }

    private static Socket Open(PlannedListener item, int port, int receiveBufferBytes)
    {
        var address = item.Address.Address;
        var isDual = address is null && Socket.OSSupportsIPv6;
        address ??= isDual ? IPAddress.IPv6Any : IPAddress.Any;
        var isUdp = item.Spec.Transport == TransportKind.Udp;
        var socket = new Socket(address.AddressFamily, isUdp ? SocketType.Dgram : SocketType.Stream, isUdp ? ProtocolType.Udp : ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = isDual;
            }

            socket.Blocking = false;
            if (isUdp)
            {
                // No address reuse: a second engine on the port must be told, not share the datagrams.
                if (!OperatingSystem.IsLinux() || !LinuxDatagramSocket.TryForceReceiveBuffer(socket, receiveBufferBytes))
                {
                    socket.ReceiveBufferSize = receiveBufferBytes;
                }

                socket.SendBufferSize = Math.Max(socket.SendBufferSize, receiveBufferBytes / 4);
            }
            else if (!OperatingSystem.IsWindows())
            {
                // Connections of the previous process that linger in TIME_WAIT must not delay a restart.
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            }

            socket.Bind(new IPEndPoint(address, port));
            if (!isUdp)
            {
                socket.Listen(Backlog);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Name(TransportKind transport) => transport.ToString().ToLowerInvariant();

    private static string Reason(SocketException e) =>
        e.SocketErrorCode == SocketError.AddressAlreadyInUse ? "another program listens there (address already in use)"
        : e.SocketErrorCode == SocketError.AddressNotAvailable ? "this machine has no such address"
        : e.SocketErrorCode == SocketError.AccessDenied ? "not permitted (ports below 1024 need a privilege)"
        : e.Message;
}
