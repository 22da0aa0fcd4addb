using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Verto.Sessions;

/// <summary>All client sockets, by connection and, once logged in, by session id and user.</summary>
internal sealed class SessionTable(VertoContext context)
{
    public static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan MinDelay = TimeSpan.FromMilliseconds(10);

    private readonly Dictionary<ConnectionId, VertoSession> _byConnection = [];
    private readonly Dictionary<string, VertoSession> _byId = new(StringComparer.Ordinal);
    private readonly List<VertoSession> _closing = [];

    public IEnumerable<VertoSession> All => _byConnection.Values;

    public int Count => _byConnection.Count;

    public VertoSession? Find(ConnectionId connection) => _byConnection.GetValueOrDefault(connection);

    /// <summary>The live socket of a session.</summary>
    public VertoSession? Find(string id) => id.Length == 0 ? null : _byId.GetValueOrDefault(id);

    public IEnumerable<VertoSession> OfUser(string number, string domain) =>
        _byId.Values.Where(s => s.Number == number && s.Domain.Equals(domain, StringComparison.OrdinalIgnoreCase));

    public void OnOpened(in TransportEvent e)
    {
        if (e.Remote is not { } remote)
        {
            return;
        }

        var session = new VertoSession(e.Connection, e.Listener, remote, e.Local ?? remote, context.TransportOf(e.Listener) == TransportKind.Wss)
        {
            OpenedAt = context.Now,
            LastReceived = context.Now,
            UserAgent = e.Request?.Header("User-Agent") is { } agent ? Clean.Text(agent, 256) : "",
        };
        Add(session);
        Arm(session);
        context.Publish("verto::client_connect", new("verto_profile_name", context.ProfileOf(session.Listener)), new("verto_client_address", remote.ToString()));
    }

    public void Add(VertoSession session)
    {
        _byConnection[session.Connection] = session;
        if (session.Id.Length > 0 && !session.IsClosing)
        {
            _byId[session.Id] = session;
        }

        context.Host.Gauge("sockets", _byConnection.Count);
    }

    /// <summary>Gives a socket its session id.</summary>
    public void Bind(VertoSession session, string id)
    {
        session.Id = id;
        _byId[id] = session;
    }

    /// <summary>The socket is gone, or is to be: its calls are detached and its contact removed.</summary>
    public void OnClosed(ConnectionId connection)
    {
        if (_byConnection.Remove(connection, out var session))
        {
            Leave(session);
            context.Host.Gauge("sockets", _byConnection.Count);
            context.Publish(
                "verto::client_disconnect",
                new("verto_profile_name", context.ProfileOf(session.Listener)),
                new("verto_client_address", session.Remote.ToString()),
                new("verto_login", session.UserId));
        }
    }

    /// <summary>Closes a socket after what is queued for it; its calls are detached at once.</summary>
    public void Close(VertoSession session)
    {
        if (!session.IsClosing)
        {
            Leave(session);
            _closing.Add(session);
        }
    }

    /// <summary>Closes the sockets that were to be closed while an event was handled.</summary>
    public void CloseDue()
    {
        foreach (var session in _closing)
        {
            context.Host.Close(session.Connection);
            OnClosed(session.Connection);
        }

        _closing.Clear();
    }

    /// <summary>The socket's timer: a login that does not come, one that expired, silence, a contact to renew.</summary>
    public void OnTimer(ConnectionId connection, TimerId timer)
    {
        if (Find(connection) is not { IsClosing: false } session || session.Timer != timer)
        {
            return;
        }

        if (!session.IsAuthenticated)
        {
            if (context.Now - session.OpenedAt >= context.Options.LoginTimeout)
            {
                context.Host.Count("login_timeouts");
                Close(session);
                return;
            }
        }
        else if (session.Expires <= context.Now)
        {
            Close(session);
            return;
        }

        if (session.RenewAt <= context.Now)
        {
            context.Login.Register(session);
        }

        if (context.Now - QuietSince(session) >= PingInterval)
        {
            session.LastPing = context.Now;
            context.Request(session, "verto.ping", w =>
            {
                w.WriteNumber("serno"u8, context.Now.ToUnixTimeSeconds());
                if (session.Expires is { } expires)
                {
                    w.WriteNumber("auth-expires"u8, expires.ToUnixTimeSeconds());
                }
            });
        }

        Arm(session);
    }

    /// <summary>Sets the one timer of a socket to the next thing that may be due.</summary>
    public void Arm(VertoSession session)
    {
        var due = QuietSince(session) + PingInterval;
        if (!session.IsAuthenticated)
        {
            due = Earlier(due, session.OpenedAt + context.Options.LoginTimeout);
        }

        due = Earlier(Earlier(due, session.Expires ?? DateTimeOffset.MaxValue), session.RenewAt);
        var delay = due - context.Now;
        context.Host.CancelTimer(session.Timer);
        session.Timer = context.Host.SetTimer(TimerKey.Make(TimerKind.Session, session.Connection.Value), delay > MinDelay ? delay : MinDelay);
    }

    private static DateTimeOffset QuietSince(VertoSession session) => session.LastReceived > session.LastPing ? session.LastReceived : session.LastPing;

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private void Leave(VertoSession session)
    {
        if (session.IsClosing)
        {
            return;
        }

        session.IsClosing = true;
        context.Host.CancelTimer(session.Timer);
        if (_byId.TryGetValue(session.Id, out var bound) && bound == session)
        {
            _byId.Remove(session.Id);
        }

        context.Host.Directory.RemoveFlow(session.Connection);
        context.Replies.Forget(session);
        context.Legs.Detach(session);
        context.Channels.Leave(session);
    }
}
