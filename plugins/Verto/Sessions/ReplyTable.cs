using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Verto.Sessions;

/// <summary>What a response waits for. The numbers are part of exported state.</summary>
internal enum ReplyKind : byte
{
    /// <summary>What became of a text message.</summary>
    Message = 0,

    /// <summary>The reply of an API command, as <c>{"message": …}</c>.</summary>
    Api = 1,

    /// <summary>How a transfer goes.</summary>
    Transfer = 2,

    /// <summary>Our answer to an offer.</summary>
    Update = 3,

    /// <summary>The reply of an API command that is JSON itself.</summary>
    ApiJson = 4,
}

/// <summary>A response that is to come.</summary>
/// <param name="Key">Its number.</param>
/// <param name="Kind">What it waits for.</param>
/// <param name="Connection">Where it goes.</param>
/// <param name="Slot">Its place in the order there.</param>
/// <param name="Part">Its place in a batch.</param>
/// <param name="Id">The request's id, raw.</param>
/// <param name="Echo">What <c>echoParams</c> asked for, or null.</param>
/// <param name="CallId">The call it is about, or empty.</param>
/// <param name="Action">What was asked of the call, or empty.</param>
internal sealed record PendingReply(long Key, ReplyKind Kind, ConnectionId Connection, long Slot, int Part, byte[] Id, byte[]? Echo, string CallId, string Action);

/// <summary>Responses in the order of their requests: at once where they are known, later where the engine has to be asked (spec: response before the events that it causes).</summary>
/// <remarks>A response that takes longer than <see cref="Patience"/> no longer holds up those behind it: a client's keep-alive must not wait for a long API command.</remarks>
internal sealed class ReplyTable(VertoContext context)
{
    /// <summary>Most responses of one socket that may be to come; further requests that would wait are refused.</summary>
    public const int MaxPending = 64;

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Dictionary<long, PendingReply> _pending = [];

    public IEnumerable<PendingReply> All => _pending.Values;

    public int Count => _pending.Count;

    public PendingReply? Find(long key) => _pending.GetValueOrDefault(key);

    /// <summary>Makes room for the responses to one message.</summary>
    public ReplySlot Open(VertoSession session, int parts, bool isBatch)
    {
        var slot = new ReplySlot(context.NextId(), parts, isBatch);
        session.Replies.Add(slot);
        return slot;
    }

    /// <summary>Notes that a response comes later.</summary>
    /// <returns>Its number, also the key of the timer, message or command; 0 when too many are to come.</returns>
    public long Defer(in RpcCall call, ReplyKind kind, string callId = "", string action = "")
    {
        if (call.Session.Replies.Count > MaxPending)
        {
            return 0;
        }

        var key = context.NextId();
        _pending[key] = new PendingReply(key, kind, call.Session.Connection, call.Slot.Key, call.Part, call.Id, call.Echo, callId, action);
        context.Host.SetTimer(TimerKey.Make(TimerKind.Reply, call.Slot.Key), Patience);
        context.SlotOwners[call.Slot.Key] = call.Session.Connection;
        return key;
    }

    public void Add(PendingReply reply) => _pending[reply.Key] = reply;

    /// <summary>A response is known now.</summary>
    public void Complete(PendingReply reply, Action<Utf8JsonWriter>? members) => Put(reply, session => JsonRpc.Result(reply.Id, session.Id, reply.Echo, members));

    /// <summary>An error is known now.</summary>
    public void Fail(PendingReply reply, int? code, string? message, Action<Utf8JsonWriter>? members) => Put(reply, _ => JsonRpc.Error(reply.Id, reply.Echo, code, message, members));

    /// <summary>Sends what has its turn.</summary>
    public void Flush(VertoSession session)
    {
        for (var i = 0; i < session.Replies.Count;)
        {
            var slot = session.Replies[i];
            if (slot.IsComplete)
            {
                session.Replies.RemoveAt(i);
                context.SlotOwners.Remove(slot.Key);
                if (slot.Parts.Length > 0)
                {
                    context.SendNow(session, slot.Bytes());
                }
            }
            else if (slot.IsLate)
            {
                i++;
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>A response takes its time: those behind it go first from now on.</summary>
    public void OnTimer(long slotKey)
    {
        if (context.SlotOwners.TryGetValue(slotKey, out var owner) && context.Sessions.Find(owner) is { } session && session.Replies.Find(s => s.Key == slotKey) is { } slot)
        {
            slot.IsLate = true;
            Flush(session);
        }
    }

    /// <summary>A socket is gone: nobody waits for its responses.</summary>
    public void Forget(VertoSession session)
    {
        foreach (var slot in session.Replies)
        {
            context.SlotOwners.Remove(slot.Key);
        }

        foreach (var reply in _pending.Values.Where(p => p.Connection == session.Connection).ToArray())
        {
            _pending.Remove(reply.Key);
        }
    }

    private void Put(PendingReply reply, Func<VertoSession, byte[]> write)
    {
        if (_pending.Remove(reply.Key) && context.Sessions.Find(reply.Connection) is { } session && session.Replies.Find(s => s.Key == reply.Slot) is { } slot)
        {
            slot.Parts[reply.Part] = write(session);
            Flush(session);
        }
    }
}
