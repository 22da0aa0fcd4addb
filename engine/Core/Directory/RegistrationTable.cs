using System.Collections.Concurrent;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Directory;

/// <summary>What happened to a binding, told after the change is in force.</summary>
/// <param name="Binding">The binding, as it is or was.</param>
/// <param name="What">One of the names in <see cref="RegistrationChanges"/>.</param>
internal readonly record struct RegistrationChange(Registration Binding, string What);

/// <summary>The bindings of all addresses of record. Readers see immutable arrays; one short lock serialises writers.</summary>
/// <remarks>Time is an argument. An address of record holds at most <see cref="MaxBindings"/> bindings and one entry in the expiry queue.</remarks>
internal sealed class RegistrationTable
{
    /// <summary>Most bindings of one user.</summary>
    public const int MaxBindings = 10;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly SortedSet<(DateTimeOffset Due, string Number)> _expiries = [];
    private readonly Dictionary<long, HashSet<string>> _flows = [];
    private readonly Lock _writer = new();

    /// <summary>When the next binding expires, or null when there is none.</summary>
    public DateTimeOffset? NextExpiry
    {
        get
        {
            lock (_writer)
            {
                return _expiries.Count == 0 ? null : _expiries.Min.Due;
            }
        }
    }

    /// <summary>The live bindings of a user, best first.</summary>
    /// <param name="number">The user.</param>
    /// <param name="now">The time.</param>
    public Registration[] Find(string number, DateTimeOffset now) =>
        _entries.TryGetValue(number, out var entry) ? Live(entry.Bindings, now) : [];

    /// <summary>All live bindings.</summary>
    /// <param name="now">The time.</param>
    public List<Registration> All(DateTimeOffset now)
    {
        var all = new List<Registration>(_entries.Count);
        foreach (var (_, entry) in _entries)
        {
            all.AddRange(Live(entry.Bindings, now));
        }

        return all;
    }

    /// <summary>Changes bindings of one user, all or nothing (RFC 3261 §10.3 steps 6 and 7).</summary>
    /// <param name="number">The user.</param>
    /// <param name="changes">Bindings; one that has expired already is removed.</param>
    /// <param name="now">The time.</param>
    /// <param name="outcome">What happened.</param>
    /// <param name="told">Receives what changed.</param>
    /// <returns>The bindings afterwards.</returns>
    public Registration[] Apply(string number, IReadOnlyList<Registration> changes, DateTimeOffset now, out RegisterOutcome outcome, List<RegistrationChange> told)
    {
        lock (_writer)
        {
            var before = Find(number, now);
            foreach (var change in changes)
            {
                foreach (var binding in before)
                {
                    if (IsSame(binding, change) && binding.CallId == change.CallId && change.Sequence <= binding.Sequence)
                    {
                        outcome = RegisterOutcome.OutOfOrder;
                        return before;
                    }
                }
            }

            var after = new List<Registration>(before);
            var events = new List<RegistrationChange>(changes.Count);
            foreach (var change in changes)
            {
                var removed = after.FindAll(b => IsSame(b, change));
                after.RemoveAll(removed.Contains);
                if (change.Expires <= now)
                {
                    events.AddRange(removed.Select(r => new RegistrationChange(r, RegistrationChanges.Unregister)));
                    continue;
                }

                var place = after.FindIndex(b => b.Preference <= change.Preference);
                after.Insert(place < 0 ? after.Count : place, change);
                events.Add(new RegistrationChange(change, removed.Count > 0 ? RegistrationChanges.Reregister : RegistrationChanges.Register));
            }

            if (after.Count > MaxBindings)
            {
                outcome = RegisterOutcome.TooMany;
                return before;
            }

            outcome = RegisterOutcome.Accepted;
            told.AddRange(events);
            return Publish(number, [.. after]);
        }
    }

    /// <summary>Puts bindings back that were kept over a restart; expired ones and those past the limit are left out.</summary>
    /// <param name="number">The user.</param>
    /// <param name="bindings">Best first.</param>
    /// <param name="now">The time.</param>
    public void Restore(string number, IEnumerable<Registration> bindings, DateTimeOffset now)
    {
        lock (_writer)
        {
            Publish(number, [.. bindings.Where(b => b.Expires > now).Take(MaxBindings)]);
        }
    }

    /// <summary>Removes the bindings of a closed connection.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="told">Receives what was removed.</param>
    public void RemoveFlow(ConnectionId connection, List<RegistrationChange> told)
    {
        lock (_writer)
        {
            if (connection.Value == 0 || !_flows.TryGetValue(connection.Value, out var numbers))
            {
                return;
            }

            foreach (var number in numbers.ToArray())
            {
                Filter(number, b => b.Connection != connection, RegistrationChanges.FlowClosed, told);
            }
        }
    }

    /// <summary>Removes what has expired.</summary>
    /// <param name="now">The time.</param>
    /// <param name="told">Receives what was removed.</param>
    public void Sweep(DateTimeOffset now, List<RegistrationChange> told)
    {
        lock (_writer)
        {
            while (_expiries.Count > 0 && _expiries.Min.Due <= now)
            {
                Filter(_expiries.Min.Number, b => b.Expires > now, RegistrationChanges.Expire, told);
            }
        }
    }

    /// <summary>Removes the bindings of users that no longer exist.</summary>
    /// <param name="exists">Whether a number has a user.</param>
    /// <param name="told">Receives what was removed.</param>
    public void Prune(Func<string, bool> exists, List<RegistrationChange> told)
    {
        lock (_writer)
        {
            foreach (var number in _entries.Keys.Where(n => !exists(n)).ToArray())
            {
                Filter(number, _ => false, RegistrationChanges.Unregister, told);
            }
        }
    }

    // RFC 5626 §6: instance and reg-id name the flow whatever the contact says; else the URI as it was sent is the key.
    private static bool IsSame(Registration a, Registration b) =>
        a.Endpoint == b.Endpoint
        && (a.Contact == b.Contact || (a.RegId > 0 && a.RegId == b.RegId && a.Instance.Length > 0 && a.Instance == b.Instance));

    private static Registration[] Live(Registration[] bindings, DateTimeOffset now) =>
        Array.TrueForAll(bindings, b => b.Expires > now) ? bindings : Array.FindAll(bindings, b => b.Expires > now);

    private void Filter(string number, Func<Registration, bool> keep, string what, List<RegistrationChange> told)
    {
        var before = _entries[number].Bindings;
        told.AddRange(before.Where(b => !keep(b)).Select(b => new RegistrationChange(b, what)));
        Publish(number, Array.FindAll(before, b => keep(b)));
    }

    private Registration[] Publish(string number, Registration[] bindings)
    {
        if (_entries.TryGetValue(number, out var old))
        {
            _expiries.Remove((old.Due, number));
            foreach (var binding in old.Bindings)
            {
                if (_flows.TryGetValue(binding.Connection.Value, out var numbers) && numbers.Remove(number) && numbers.Count == 0)
                {
                    _flows.Remove(binding.Connection.Value);
                }
            }
        }

        if (bindings.Length == 0)
        {
            _entries.TryRemove(number, out _);
            return bindings;
        }

        var due = bindings.Min(b => b.Expires);
        _expiries.Add((due, number));
        foreach (var binding in bindings)
        {
            if (binding.Connection.Value != 0)
            {
                if (!_flows.TryGetValue(binding.Connection.Value, out var numbers))
                {
                    _flows[binding.Connection.Value] = numbers = [];
                }

                numbers.Add(number);
            }
        }

        _entries[number] = new Entry(bindings, due);
        return bindings;
    }

    private sealed record Entry(Registration[] Bindings, DateTimeOffset Due);
}
