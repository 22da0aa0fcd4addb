using System.Net;

namespace XSwitchEngine.Abstractions;

/// <summary>One input of a plugin.</summary>
/// <remarks>Which fields are set depends on <see cref="Kind"/>; the factory methods say it.</remarks>
public readonly struct TransportEvent
{
    /// <summary>What happened.</summary>
    public TransportEventKind Kind { get; init; }

    /// <summary>The listener concerned.</summary>
    public ListenerId Listener { get; init; }

    /// <summary>The connection concerned; default for datagrams.</summary>
    public ConnectionId Connection { get; init; }

    /// <summary>The peer's address.</summary>
    public IPEndPoint? Remote { get; init; }

    /// <summary>The local address of a datagram or connection.</summary>
    public IPEndPoint? Local { get; init; }

    /// <summary>The bytes received; borrowed for the call only.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>The plugin's own number given to <c>SetTimer</c> or <c>Resolve</c>, or the host's for an API command.</summary>
    public long Key { get; init; }

    /// <summary>The timer that fired.</summary>
    public TimerId Timer { get; init; }

    /// <summary>The core's command.</summary>
    public LegCommand? Command { get; init; }

    /// <summary>The addresses found for a name, in order of preference; empty when the lookup failed.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; }

    /// <summary>The arguments of an API command (its first word included), or the new options as JSON.</summary>
    public string? Text { get; init; }

    /// <summary>A datagram came in.</summary>
    /// <param name="listener">Where.</param>
    /// <param name="remote">From.</param>
    /// <param name="local">To.</param>
    /// <param name="data">Its bytes.</param>
    public static TransportEvent Datagram(ListenerId listener, IPEndPoint remote, IPEndPoint local, ReadOnlyMemory<byte> data) =>
        new() { Kind = TransportEventKind.Datagram, Listener = listener, Remote = remote, Local = local, Data = data };

    /// <summary>A stream connection is open, inbound or outbound.</summary>
    /// <param name="listener">Its listener.</param>
    /// <param name="connection">Its id.</param>
    /// <param name="remote">The peer.</param>
    /// <param name="local">Our end.</param>
    public static TransportEvent Opened(ListenerId listener, ConnectionId connection, IPEndPoint remote, IPEndPoint local) =>
        new() { Kind = TransportEventKind.Opened, Listener = listener, Connection = connection, Remote = remote, Local = local };

    /// <summary>Bytes (or one WebSocket message) came in on a connection.</summary>
    /// <param name="listener">Its listener.</param>
    /// <param name="connection">Its id.</param>
    /// <param name="remote">The peer.</param>
    /// <param name="local">Our end.</param>
    /// <param name="data">The bytes.</param>
    public static TransportEvent Received(ListenerId listener, ConnectionId connection, IPEndPoint remote, IPEndPoint local, ReadOnlyMemory<byte> data) =>
        new() { Kind = TransportEventKind.Data, Listener = listener, Connection = connection, Remote = remote, Local = local, Data = data };

    /// <summary>A connection closed, or an outbound one could not be made.</summary>
    /// <param name="listener">Its listener.</param>
    /// <param name="connection">Its id.</param>
    public static TransportEvent Closed(ListenerId listener, ConnectionId connection) =>
        new() { Kind = TransportEventKind.Closed, Listener = listener, Connection = connection };

    /// <summary>A timer fired.</summary>
    /// <param name="key">The plugin's number.</param>
    /// <param name="timer">The timer.</param>
    public static TransportEvent TimerFired(long key, TimerId timer) =>
        new() { Kind = TransportEventKind.Timer, Key = key, Timer = timer };

    /// <summary>The core commands a leg.</summary>
    /// <param name="command">The command.</param>
    public static TransportEvent ForLeg(LegCommand command) =>
        new() { Kind = TransportEventKind.Command, Command = command };

    /// <summary>A lookup ended.</summary>
    /// <param name="key">The plugin's number.</param>
    /// <param name="addresses">What was found.</param>
    public static TransportEvent Resolved(long key, IReadOnlyList<IPAddress> addresses) =>
        new() { Kind = TransportEventKind.Resolved, Key = key, Addresses = addresses };

    /// <summary>An operator or script runs an API command that the manifest names; answer with <see cref="IPluginHost.CompleteApi"/>.</summary>
    /// <param name="key">The host's number.</param>
    /// <param name="commandLine">The whole command line.</param>
    public static TransportEvent Api(long key, string commandLine) =>
        new() { Kind = TransportEventKind.ApiCommand, Key = key, Text = commandLine };

    /// <summary>The configuration changed.</summary>
    /// <param name="options">The plugin's new section as JSON.</param>
    public static TransportEvent Configured(string options) =>
        new() { Kind = TransportEventKind.Configured, Text = options };
}

/// <summary>The kinds of <see cref="TransportEvent"/>.</summary>
public enum TransportEventKind
{
    /// <summary>No event.</summary>
    None,

    /// <summary>A datagram came in.</summary>
    Datagram,

    /// <summary>A connection is open.</summary>
    Opened,

    /// <summary>Bytes came in on a connection.</summary>
    Data,

    /// <summary>A connection closed or could not be made.</summary>
    Closed,

    /// <summary>A timer fired.</summary>
    Timer,

    /// <summary>The core commands a leg.</summary>
    Command,

    /// <summary>A lookup ended.</summary>
    Resolved,

    /// <summary>An API command of the plugin.</summary>
    ApiCommand,

    /// <summary>The configuration changed.</summary>
    Configured,
}
