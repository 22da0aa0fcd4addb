using System.Net;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.TestKit;

/// <summary>A packet that the plugin sent.</summary>
/// <param name="Listener">The listener.</param>
/// <param name="Connection">The connection, or null for a datagram.</param>
/// <param name="To">The peer.</param>
/// <param name="Data">Its bytes.</param>
public sealed record SentPacket(ListenerInfo Listener, TestConnection? Connection, IPEndPoint To, byte[] Data)
{
    /// <summary>Its bytes as UTF-8.</summary>
    public string Text => System.Text.Encoding.UTF8.GetString(Data);

    /// <summary>Its first line.</summary>
    public string FirstLine => Text.Split("\r\n")[0];
}

/// <summary>A connection of a <see cref="PluginTestHost"/>.</summary>
/// <param name="id">Its id.</param>
/// <param name="listener">Its listener.</param>
/// <param name="remote">The peer.</param>
/// <param name="isOutbound">Whether the plugin made it.</param>
public sealed class TestConnection(ConnectionId id, ListenerInfo listener, IPEndPoint remote, bool isOutbound)
{
    /// <summary>Its id.</summary>
    public ConnectionId Id { get; } = id;

    /// <summary>Its listener.</summary>
    public ListenerInfo Listener { get; } = listener;

    /// <summary>The peer.</summary>
    public IPEndPoint Remote { get; } = remote;

    /// <summary>Whether the plugin made it.</summary>
    public bool IsOutbound { get; } = isOutbound;

    /// <summary>The name that the peer's certificate must prove; null when the plugin gave none.</summary>
    public string? ServerName { get; init; }

    /// <summary>Whether it can carry data; false before it is made and after it closed.</summary>
    public bool IsOpen { get; set; }
}
