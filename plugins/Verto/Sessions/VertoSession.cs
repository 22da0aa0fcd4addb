using System.Net;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Verto.Sessions;

/// <summary>One client socket: who is logged in on it, what it may do, what it listens to.</summary>
internal sealed class VertoSession(ConnectionId connection, ListenerId listener, IPEndPoint remote, IPEndPoint local, bool isSecure)
{
    public ConnectionId Connection { get; } = connection;

    public ListenerId Listener { get; } = listener;

    public IPEndPoint Remote { get; } = remote;

    public IPEndPoint Local { get; } = local;

    public bool IsSecure { get; } = isSecure;

    /// <summary>What the client calls itself.</summary>
    public string UserAgent { get; set; } = "";

    public bool IsAuthenticated { get; set; }

    /// <summary>The session id, which outlives the socket; empty before the login.</summary>
    public string Id { get; set; } = "";

    /// <summary>Number of the user; empty for root.</summary>
    public string Number { get; set; } = "";

    public string Domain { get; set; } = "";

    /// <summary><c>user@domain</c>, or <c>root</c>.</summary>
    public string UserId => Number.Length == 0 ? (IsAuthenticated ? "root" : "") : Number + "@" + Domain;

    /// <summary>Display name of the user, or empty.</summary>
    public string DisplayName { get; set; } = "";

    /// <summary>User variables of the login.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> UserVariables { get; set; } = [];

    public AllowList Methods { get; set; } = AllowList.None;

    public AllowList Channels { get; set; } = AllowList.None;

    public AllowList JsApi { get; set; } = AllowList.None;

    public AllowList FsApi { get; set; } = AllowList.None;

    /// <summary>The only numbers that it may call; empty for all.</summary>
    public IReadOnlyList<string> Destinations { get; set; } = [];

    /// <summary>When the login ends; null for never.</summary>
    public DateTimeOffset? Expires { get; set; }

    /// <summary>When the contact in the directory is to be renewed.</summary>
    public DateTimeOffset RenewAt { get; set; } = DateTimeOffset.MaxValue;

    /// <summary>The socket's one timer.</summary>
    public TimerId Timer { get; set; }

    public DateTimeOffset OpenedAt { get; set; }

    public DateTimeOffset LastReceived { get; set; }

    /// <summary>When the last <c>verto.ping</c> went out.</summary>
    public DateTimeOffset LastPing { get; set; }

    /// <summary>Event channels with the number of the next event of each.</summary>
    public Dictionary<string, long> Subscriptions { get; } = new(StringComparer.Ordinal);

    /// <summary>Channels granted by conferences, with the number of calls that have each.</summary>
    public Dictionary<string, int> Grants { get; } = new(StringComparer.Ordinal);

    /// <summary>Responses that are not sent yet, in the order of the requests.</summary>
    public List<ReplySlot> Replies { get; } = [];

    /// <summary>Calls whose offer for the reattachment is still to come from the core.</summary>
    public HashSet<LegId> Attaching { get; } = [];

    /// <summary>Calls offered for reattachment.</summary>
    public List<string> Reattached { get; } = [];

    /// <summary>Whether <c>verto.clientReady</c> was sent.</summary>
    public bool IsReady { get; set; }

    public SpeedTest? SpeedTest { get; set; }

    /// <summary>Messages lost because too many waited.</summary>
    public int Lost { get; set; }

    /// <summary>Whether it is being closed: nothing of it counts any more.</summary>
    public bool IsClosing { get; set; }
}
