using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Legs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.State;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Transactions;

/// <summary>All transactions: finds them, drives them, owns their timers, and removes them when they end.</summary>
internal sealed class TransactionTable(SipContext context)
{
    private readonly Dictionary<string, ServerTransaction> _server = [];
    private readonly Dictionary<string, ServerTransaction> _merged = [];
    private readonly Dictionary<string, ClientTransaction> _client = [];
    private readonly Dictionary<long, Transaction> _byId = [];
    private readonly Stack<List<TransactionOutput>> _outputs = new();

    public int Count => _byId.Count;

    /// <summary>Whether so many transactions are open that new requests outside dialogs are refused.</summary>
    public bool IsOverloaded => _byId.Count >= context.Options.MaxTransactions / 5 * 4;

    /// <summary>Whether nothing more can be opened at all.</summary>
    public bool IsFull => _byId.Count >= context.Options.MaxTransactions;

    public ServerTransaction? FindServer(SipMessage request, SipMethod method) =>
        _server.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(context.Keys.Server(request, method), out var found) ? found : null;

    /// <summary>Whether another transaction serves the same request, which came over another path.</summary>
    public bool IsMerged(SipMessage request) =>
        _merged.GetAlternateLookup<ReadOnlySpan<char>>().ContainsKey(context.Keys.Merge(request));

    /// <summary>Opens a server transaction.</summary>
    /// <param name="request">The request.</param>
    /// <param name="flow">Where responses go.</param>
    /// <param name="head">Via to CSeq lines of the responses.</param>
    public ServerTransaction Open(SipMessage request, in Flow flow, byte[] head)
    {
        var key = context.Keys.Server(request, request.Method).ToString();
        var merge = request.ToTag.IsEmpty ? context.Keys.Merge(request).ToString() : "";
        var id = context.NextId();
        ServerTransaction transaction = request.Method == SipMethod.Invite
            ? new InviteServerTransaction(context.Timers, flow.IsReliable) { Id = id, Key = key, MergeKey = merge, Method = request.Method, CSeq = request.CSeq }
            : new NonInviteServerTransaction(context.Timers, flow.IsReliable) { Id = id, Key = key, MergeKey = merge, Method = request.Method, CSeq = request.CSeq };
        transaction.Flow = flow;
        transaction.ResponseHead = head;
        _server[key] = transaction;
        if (merge.Length > 0)
        {
            _merged.TryAdd(merge, transaction);
        }

        Register(transaction);
        return transaction;
    }

    /// <summary>Sends a request of ours.</summary>
    /// <param name="request">The request.</param>
    /// <param name="flow">The way to the next hop.</param>
    /// <param name="leg">Who gets the responses.</param>
    public ClientTransaction Start(ClientRequest request, Flow flow, SipLeg? leg)
    {
        request.WriteTo(context.Writer, flow, context);
        var fallback = default(Flow);
        if (!flow.IsReliable && context.Writer.Length > SipTransport.MaxDatagram && context.Transport.TryStreamTo(flow, out var stream))
        {
            (fallback, flow) = (flow, stream);
            request.WriteTo(context.Writer, flow, context);
        }

        var packet = context.Writer.ToArray();
        var id = context.NextId();
        ClientTransaction transaction = request.Method == SipMethod.Invite
            ? new InviteClientTransaction(context.Timers, flow.IsReliable, packet) { Id = id, Key = request.TransactionKey, Request = request }
            : new NonInviteClientTransaction(context.Timers, flow.IsReliable, packet) { Id = id, Key = request.TransactionKey, Request = request };
        transaction.Flow = flow;
        transaction.Fallback = fallback;
        transaction.Leg = leg;
        _client[transaction.Key] = transaction;
        Register(transaction);
        Handle(transaction, new TransactionInput(TransactionInputKind.Start));
        return transaction;
    }

    /// <summary>Finds the transaction of a response by its branch and method (RFC 3261 §17.1.3).</summary>
    public ClientTransaction? FindClient(SipMessage response)
    {
        if (!ViaHeader.TryParse(response.TopVia, out var via)
            || !_client.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(context.Keys.Client(via.Branch, response.CSeqMethod), out var found))
        {
            return null;
        }

        return found.Request.Method == response.CSeqMethod && found.Request.CSeq == response.CSeq ? found : null;
    }

    /// <summary>A transaction of a peer's request by its number.</summary>
    public ServerTransaction? FindServer(long id) => _byId.GetValueOrDefault(id) as ServerTransaction;

    public ClientTransaction? FindClient(string key) => _client.GetValueOrDefault(key);

    /// <summary>Answers a request of the peer.</summary>
    /// <param name="transaction">Its transaction.</param>
    /// <param name="status">Status of the response.</param>
    /// <param name="packet">The response.</param>
    public void Respond(ServerTransaction transaction, int status, byte[] packet)
    {
        if (transaction.Flow.IsReliable && !context.Transport.IsKnown(transaction.Flow.Connection))
        {
            transaction.Flow = context.Transport.Reopen(transaction.Flow, packet);
        }

        if (status >= 200)
        {
            transaction.ResponseHead = [];
        }

        Handle(transaction, new TransactionInput(TransactionInputKind.Respond, status, packet));
    }

    /// <summary>Gives an input to a transaction and does what it asks for.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="input">What happened.</param>
    /// <param name="response">The message, when the input is a response.</param>
    public void Handle(Transaction transaction, in TransactionInput input, SipMessage? response = null)
    {
        var outputs = _outputs.Count > 0 ? _outputs.Pop() : [];
        transaction.Handle(context.Host.Now, input, outputs);
        if (transaction.State == TransactionState.Terminated)
        {
            Remove(transaction);
        }
        else
        {
            Arm(transaction);
        }

        foreach (var output in outputs)
        {
            Execute(transaction, output, response);
        }

        outputs.Clear();
        _outputs.Push(outputs);
    }

    public void OnTimer(long id, TimerId timer)
    {
        if (!_byId.TryGetValue(id, out var transaction) || transaction.Timer != timer)
        {
            return;
        }

        transaction.Timer = default;
        if (context.Host.Now < transaction.NextDeadline)
        {
            Arm(transaction);
        }
        else
        {
            Handle(transaction, new TransactionInput(TransactionInputKind.Tick));
        }
    }

    /// <summary>The transport could not send for a transaction, or lost its connection.</summary>
    public void OnTransportFailed(long id)
    {
        if (!_byId.TryGetValue(id, out var transaction))
        {
            return;
        }

        if (transaction is ClientTransaction { Fallback.IsEmpty: false } client && client.State is TransactionState.Calling or TransactionState.Trying)
        {
            client.Flow = client.Fallback;
            client.Fallback = default;
            client.Request.WriteTo(context.Writer, client.Flow, context);
            client.Restart(context.Writer.ToArray(), reliable: false);
            Handle(client, new TransactionInput(TransactionInputKind.Start));
            return;
        }

        Handle(transaction, new TransactionInput(TransactionInputKind.TransportFailed));
    }

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(_server.Count);
        foreach (var transaction in _server.Values)
        {
            transaction.Write(ref writer);
        }

        writer.WriteArrayHeader(_client.Count);
        foreach (var transaction in _client.Values)
        {
            writer.WriteArrayHeader(2);
            writer.Write(transaction.Leg is { State: not LegState.Ended } leg ? leg.Key : 0);
            transaction.Write(ref writer);
        }
    }

    public void ReadServers(ref MessagePackReader reader, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var transaction = ServerTransaction.Read(ref reader, context.Timers, context.Legs.ByKey);
            _server[transaction.Key] = transaction;
            if (transaction.MergeKey.Length > 0)
            {
                _merged.TryAdd(transaction.MergeKey, transaction);
            }

            transaction.Leg?.Relink(transaction);
            Register(transaction);
        }
    }

    public void ReadClients(ref MessagePackReader reader, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var fields = new FieldReader(ref reader);
            var leg = context.Legs.ByKey(fields.Int64(ref reader));
            fields.Nested(ref reader);
            var transaction = ClientTransaction.Read(ref reader, context.Timers);
            fields.End(ref reader);
            transaction.Leg = leg;
            _client[transaction.Key] = transaction;
            Register(transaction);
        }
    }

    private void Execute(Transaction transaction, TransactionOutput output, SipMessage? response)
    {
        switch (output.Kind)
        {
            case TransactionOutputKind.Send:
                context.Transport.Send(transaction.Flow, output.Packet, transaction.Id);
                break;
            case TransactionOutputKind.Acknowledge when transaction is InviteClientTransaction invite && response is not null:
                invite.Request.WriteAck(context.Writer, invite.Flow, response.To, context);
                invite.SetAck(context.Writer.ToArray());
                context.Transport.Send(invite.Flow, context.Writer.Written, 0);
                break;
            case TransactionOutputKind.Deliver when transaction is ClientTransaction client && response is not null:
                if (client.Leg is { } leg)
                {
                    leg.OnResponse(client, response);
                }
                else
                {
                    context.Loose.OnResponse(client.Request, response);
                }

                break;
            case TransactionOutputKind.TimedOut or TransactionOutputKind.Failed when transaction is ClientTransaction client:
                var status = output.Kind == TransactionOutputKind.TimedOut ? 408 : 503;
                if (client.Leg is { } owner)
                {
                    owner.OnNoResponse(client, status);
                }
                else
                {
                    context.Loose.OnNoResponse(client.Request, status);
                }

                break;
            default:
                break;
        }
    }

    private void Register(Transaction transaction)
    {
        _byId[transaction.Id] = transaction;
        context.Host.Gauge("transactions", _byId.Count);
    }

    private void Remove(Transaction transaction)
    {
        _byId.Remove(transaction.Id);
        if (transaction is ServerTransaction server)
        {
            _server.Remove(server.Key);
            if (server.MergeKey.Length > 0 && _merged.TryGetValue(server.MergeKey, out var merged) && merged == server)
            {
                _merged.Remove(server.MergeKey);
            }
        }
        else
        {
            _client.Remove(transaction.Key);
        }

        if (transaction.Timer != default)
        {
            context.Host.CancelTimer(transaction.Timer);
            transaction.Timer = default;
        }

        if (transaction.Flow.IsReliable)
        {
            context.Transport.Find(transaction.Flow.Connection)?.Transactions.Remove(transaction.Id);
        }

        context.Host.Gauge("transactions", _byId.Count);
    }

    /// <summary>A timer that fires too early is left alone: it costs one empty tick instead of a cancel and a new one.</summary>
    private void Arm(Transaction transaction)
    {
        var deadline = transaction.NextDeadline;
        if (deadline == DateTimeOffset.MaxValue || (transaction.Timer != default && transaction.TimerDue <= deadline))
        {
            return;
        }

        if (transaction.Timer != default)
        {
            context.Host.CancelTimer(transaction.Timer);
        }

        var now = context.Host.Now;
        transaction.TimerDue = deadline;
        transaction.Timer = context.Host.SetTimer(TimerKey.Make(TimerKind.Transaction, transaction.Id), deadline > now ? deadline - now : TimeSpan.Zero);
    }
}
