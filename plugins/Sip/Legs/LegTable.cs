using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>All legs, found by their id, by their number, and by the dialogs that they have.</summary>
internal sealed class LegTable(SipContext context)
{
    private readonly Dictionary<LegId, SipLeg> _byId = [];
    private readonly Dictionary<long, SipLeg> _byKey = [];
    private readonly Dictionary<string, (SipLeg Leg, Dialog Dialog)> _dialogs = [];

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
        context.Host.Gauge("legs", _byKey.Count);
    }

    public void Remove(SipLeg leg)
    {
        if (_byKey.Remove(leg.Key))
        {
            _byId.Remove(leg.Id);
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
