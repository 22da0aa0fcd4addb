using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>All legs, found by their id, by their number, and by the dialogs that they have.</summary>
internal sealed class LegTable(SipContext context)
{
    private readonly Dictionary<LegId, SipLeg> _byId = [];
    private readonly Dictionary<long, SipLeg> _byKey = [];
    private readonly Dictionary<string, (SipLeg Leg, Dialog Dialog)> _dialogs = [];

    // How many legs each profile has, and those whose WebSocket closed.
    private readonly Dictionary<string, int> _perProfile = [];
    private readonly HashSet<SipLeg> _orphans = [];

    public int Count => _byKey.Count;

    public IEnumerable<SipLeg> All => _byKey.Values;

    /// <summary>Dialogs, early ones included.</summary>
    public int Dialogs => _dialogs.Count;

    public SipLeg? ById(LegId id) => _byId.GetValueOrDefault(id);

    public SipLeg? ByKey(long key) => _byKey.GetValueOrDefault(key);

    public void Add(SipLeg leg)
    {
        _byKey[leg.Key] = leg;
        _byId[leg.Id] = leg;
        _perProfile[leg.Profile] = _perProfile.GetValueOrDefault(leg.Profile) + 1;
        context.Host.Gauge("legs", _byKey.Count);
    }

    public void Remove(SipLeg leg)
    {
        if (_byKey.Remove(leg.Key))
        {
            _byId.Remove(leg.Id);
            _perProfile[leg.Profile]--;
            _orphans.Remove(leg);
            context.Host.Gauge("legs", _byKey.Count);
        }
    }

    public void AddDialog(SipLeg leg, Dialog dialog)
    {
        _dialogs[context.Keys.Dialog(dialog.CallId, dialog.LocalTag, dialog.RemoteTag).ToString()] = (leg, dialog);
        Attach(dialog);
    }

    public void RemoveDialog(SipLeg leg, Dialog dialog)
    {
        var lookup = _dialogs.GetAlternateLookup<ReadOnlySpan<char>>();
        var key = context.Keys.Dialog(dialog.CallId, dialog.LocalTag, dialog.RemoteTag);
        if (lookup.TryGetValue(key, out var found) && found.Leg == leg)
        {
            lookup.Remove(key);
        }

        Detach(dialog);
    }

    /// <summary>The dialog that a request belongs to: To carries our tag, From the peer's.</summary>
    public bool TryFind(SipMessage request, out SipLeg leg, out Dialog dialog) =>
        TryFind(request.CallId, request.ToTag, request.FromTag, out leg, out dialog);

    public bool TryFind(ReadOnlySpan<byte> callId, ReadOnlySpan<byte> localTag, ReadOnlySpan<byte> remoteTag, out SipLeg leg, out Dialog dialog)
    {
        var found = _dialogs.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(context.Keys.Dialog(callId, localTag, remoteTag), out var entry);
        (leg, dialog) = entry;
        return found;
    }

    /// <summary>Legs of a profile.</summary>
    public int CountOf(string profile) => _perProfile.GetValueOrDefault(profile);

    /// <summary>A WebSocket closed that calls use.</summary>
    public void OnFlowLost(ConnectionId connection)
    {
        foreach (var leg in _byKey.Values.Where(l => l.Dialog?.Flow.Connection == connection || (l.Dialog is null && l.InviteFlow.Connection == connection)).ToArray())
        {
            leg.OnFlowLost();
            if (leg.State != LegState.Ended)
            {
                _orphans.Add(leg);
            }
        }
    }

    /// <summary>A contact came over a flow: calls of the same client that lost theirs go on over it (RFC 5626 §5.4).</summary>
    public void OnRegistered(string number, string contact, in Flow flow)
    {
        if (_orphans.Count == 0 || !SipUri.TryParse(System.Text.Encoding.UTF8.GetBytes(contact), out var uri))
        {
            return;
        }

        foreach (var leg in _orphans.ToArray())
        {
            if (leg.UserNumber == number && leg.Dialog is { } dialog && SipUri.TryParse(dialog.Target, out var target) && SipText.EqualsIgnoreCase(target.Host, uri.Host))
            {
                Detach(dialog);
                dialog.Flow = flow;
                Attach(dialog);
                leg.OnFlowFound();
            }
        }
    }

    /// <summary>A leg has a flow again, or is over.</summary>
    public void Unorphan(SipLeg leg) => _orphans.Remove(leg);

    /// <summary>Counts a dialog on the connection that it uses, which then is not closed for being idle.</summary>
    public void Attach(Dialog dialog)
    {
        if (!dialog.IsAttached && dialog.Flow.IsReliable && context.Transport.Find(dialog.Flow.Connection) is { } connection)
        {
            connection.Dialogs++;
            dialog.IsAttached = true;
        }
    }

    public void Detach(Dialog dialog)
    {
        if (dialog.IsAttached)
        {
            dialog.IsAttached = false;
            if (context.Transport.Find(dialog.Flow.Connection) is { } connection)
            {
                connection.Dialogs--;
            }
        }
    }
}
