using System.Net;

namespace XSwitchEngine.Abstractions;

/// <summary>Users and their registrations. Thread-safe; readers see immutable snapshots; no member blocks.</summary>
public interface IDirectory
{
    /// <summary>The default domain, also the digest realm.</summary>
    string Domain { get; }

    /// <summary>Whether a domain is one of ours: the default one, an alias, or an address or name of this host.</summary>
    /// <param name="domain">Without port; case-insensitive.</param>
    bool IsLocalDomain(string domain);

    /// <summary>Finds a user.</summary>
    /// <param name="number">The user's number; case-sensitive.</param>
    /// <param name="domain">A local domain.</param>
    /// <returns>Null when there is none.</returns>
    DirectoryUser? FindUser(string number, string domain);

    /// <summary>Finds what a bearer token of <c>/api/sessions</c>, or an extension token, allows. Tokens are kept as hashes and compared in constant time.</summary>
    /// <param name="token">As the client sent it.</param>
    /// <returns>Null when it is unknown or has expired, or its user is gone.</returns>
    TokenGrant? FindToken(string token);

    /// <summary>Adds, refreshes or removes contacts of one user, all or nothing.</summary>
    /// <param name="user">Whose.</param>
    /// <param name="changes">Contacts with their expiry; one whose <see cref="Registration.Expires"/> is not after now is removed.</param>
    /// <param name="outcome">What happened.</param>
    /// <returns>All current bindings of the user afterwards.</returns>
    IReadOnlyList<Registration> Register(DirectoryUser user, IReadOnlyList<Registration> changes, out RegisterOutcome outcome);

    /// <summary>The current bindings of a user, best first (q, then latest).</summary>
    /// <param name="user">Whose.</param>
    IReadOnlyList<Registration> Registrations(DirectoryUser user);

    /// <summary>Removes the bindings that can be reached only over a connection, because it closed (RFC 5626 §4.2.1).</summary>
    /// <param name="connection">The closed connection.</param>
    void RemoveFlow(ConnectionId connection);
}

/// <summary>How <see cref="IDirectory.Register"/> ended.</summary>
public enum RegisterOutcome
{
    /// <summary>All changes are in force.</summary>
    Accepted,

    /// <summary>Nothing was changed: an older or equal CSeq of the same Call-ID (RFC 3261 §10.3 step 7).</summary>
    OutOfOrder,

    /// <summary>Nothing was changed: more bindings than a user may have.</summary>
    TooMany,
}

/// <summary>A user of the directory, immutable.</summary>
/// <param name="Number">The user part of the address of record.</param>
/// <param name="Domain">The domain.</param>
/// <param name="Ha1Md5">MD5 of <c>number:realm:password</c>, lower-case hex (RFC 7616 §3.4.2).</param>
/// <param name="Ha1Sha256">SHA-256 of the same.</param>
public sealed record DirectoryUser(string Number, string Domain, string Ha1Md5, string Ha1Sha256)
{
    /// <summary>Name shown to those whom the user calls.</summary>
    public string CallerIdName { get; init; } = "";

    /// <summary>Number shown to those whom the user calls; empty for the user's own.</summary>
    public string CallerIdNumber { get; init; } = "";

    /// <summary>Dial-plan context of calls from this user.</summary>
    public string Context { get; init; } = "default";

    /// <summary>Channel variables set on the user's legs, such as <c>toll_allow</c>.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>What the user may do, such as <c>sip</c>, <c>webrtc</c>, <c>fsapi</c>.</summary>
    public IReadOnlySet<string> Permissions { get; init; } = new HashSet<string>();
}

/// <summary>One contact of a user, immutable.</summary>
/// <param name="Number">User part of the address of record.</param>
/// <param name="Domain">Its domain.</param>
/// <param name="Endpoint">The scheme of the plugin that serves it, such as <c>sofia</c>.</param>
/// <param name="Profile">The profile it registered on.</param>
/// <param name="Contact">The contact URI exactly as sent; for a protocol without contacts a stable id of the session.</param>
public sealed record Registration(string Number, string Domain, string Endpoint, string Profile, string Contact)
{
    /// <summary>The contact's header parameters exactly as sent, without <c>expires</c> and <c>q</c>.</summary>
    public string ContactParameters { get; init; } = "";

    /// <summary>When it ends.</summary>
    public DateTimeOffset Expires { get; init; }

    /// <summary>Preference, 0..1000 (thousandths of q).</summary>
    public int Preference { get; init; } = 1000;

    /// <summary>Call-ID of the registration; the order of updates counts within one.</summary>
    public string CallId { get; init; } = "";

    /// <summary>CSeq of the last update, 0..2^31-1.</summary>
    public long Sequence { get; init; }

    /// <summary>+sip.instance; with <see cref="RegId"/> it names the flow that a new registration replaces (RFC 5626 §6). Empty when absent.</summary>
    public string Instance { get; init; } = "";

    /// <summary>reg-id, or 0.</summary>
    public int RegId { get; init; }

    /// <summary>Path header values, in order (RFC 3327).</summary>
    public IReadOnlyList<string> Path { get; init; } = [];

    /// <summary>The peer's own name for itself.</summary>
    public string UserAgent { get; init; } = "";

    /// <summary>Transport by which it came.</summary>
    public TransportKind Transport { get; init; }

    /// <summary>Where it came from; requests are sent there.</summary>
    public IPEndPoint Remote { get; init; } = new(IPAddress.Any, 0);

    /// <summary>The listener it came to, by name; listener numbers do not survive a restart.</summary>
    public string ListenerName { get; init; } = "";

    /// <summary>What an offer to this contact looks like.</summary>
    public MediaProfile Media { get; init; }

    /// <summary>The connection it came over; default for datagrams and after a restart.</summary>
    public ConnectionId Connection { get; init; }
}
