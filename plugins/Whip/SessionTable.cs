using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Whip;

/// <summary>All sessions, found by their URL's id, their leg, their number, and by what makes a repeated POST the same.</summary>
internal sealed class SessionTable(WhipContext context)
{
    private readonly Dictionary<string, WhipLeg> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<LegId, WhipLeg> _byLeg = [];
    private readonly Dictionary<long, WhipLeg> _byKey = [];
    private readonly Dictionary<string, WhipLeg> _byRepeat = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _byOwner = new(StringComparer.Ordinal);

    public int Count => _byId.Count;

    public IEnumerable<WhipLeg> All => _byId.Values;

    public WhipLeg? ById(string id) => _byId.GetValueOrDefault(id);

    public WhipLeg? ByLeg(LegId leg) => _byLeg.GetValueOrDefault(leg);

    public WhipLeg? ByKey(long key) => _byKey.GetValueOrDefault(key);

    public WhipLeg? ByRepeat(string key) => key.Length == 0 ? null : _byRepeat.GetValueOrDefault(key);

    /// <summary>The session that a waiting request belongs to.</summary>
    /// <param name="exchange">The host's number of the request.</param>
    public WhipLeg? ByExchange(long exchange) => _byId.Values.FirstOrDefault(s => s.Awaits(exchange));

    /// <summary>Sessions of one user.</summary>
    /// <param name="owner">Number and domain, or empty for those without a user.</param>
    public int CountOf(string owner) => _byOwner.GetValueOrDefault(owner);

    public void Add(WhipLeg session)
    {
        _byId[session.Id] = session;
        _byLeg[session.Leg] = session;
        _byKey[session.Key] = session;
        _byOwner[session.Owner] = CountOf(session.Owner) + 1;
        if (session.RepeatKey.Length > 0)
        {
            _byRepeat[session.RepeatKey] = session;
        }

        context.Host.Gauge("sessions", _byId.Count);
    }

    public void Remove(WhipLeg session)
    {
        if (!_byId.Remove(session.Id))
        {
            return;
        }

        _byLeg.Remove(session.Leg);
        _byKey.Remove(session.Key);
        if (CountOf(session.Owner) is > 1 and var count)
        {
            _byOwner[session.Owner] = count - 1;
        }
        else
        {
            _byOwner.Remove(session.Owner);
        }

        if (ByRepeat(session.RepeatKey) == session)
        {
            _byRepeat.Remove(session.RepeatKey);
        }

        context.Host.Gauge("sessions", _byId.Count);
    }
}
