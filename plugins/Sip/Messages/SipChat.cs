using System.Text;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.State;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Messages;

/// <summary>Text messages outside of calls in page mode (RFC 3428), through the engine's chat plan in both directions.</summary>
internal sealed class SipChat(SipContext context)
{
    /// <summary>Longest text taken, bytes.</summary>
    public const int MaxText = 16 * 1024;

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(28);
    private readonly Dictionary<long, (ServerTransaction Transaction, TimerId Guard)> _pending = [];

    /// <summary>Messages of peers that the core has not answered.</summary>
    public int Pending => _pending.Count;

    private static byte[] AcceptLine => "Accept: text/plain, text/*, message/cpim, application/im-iscomposing+xml\r\n"u8.ToArray();

    /// <summary>Takes a MESSAGE that was admitted.</summary>
    /// <param name="request">The request.</param>
    /// <param name="flow">Where it came from.</param>
    /// <param name="user">Who sent it; null for a peer known by its address.</param>
    public void OnMessage(SipMessage request, in Flow flow, DirectoryUser? user)
    {
        var type = SipText.Decode(request.Value(HeaderName.ContentType));
        if (!IsText(type))
        {
            context.Core.Reply(request, flow, 415, extra: AcceptLine);
            return;
        }

        if (request.Body.Length > MaxText)
        {
            context.Core.Reply(request, flow, 513);
            return;
        }

        if (!SipUri.TryParse(request.RequestUri, out var to) || to.User.IsEmpty || !NameAddress.TryParse(request.From, out var from) || !SipUri.TryParse(from.Uri, out var fromUri))
        {
            context.Core.Reply(request, flow, 404);
            return;
        }

        if (context.Transactions.IsFull)
        {
            context.Core.ReplyStateless(request, flow, 503, null, "Retry-After: 5\r\n"u8.ToArray());
            return;
        }

        var tag = context.NewTag();
        ResponseWriting.WriteHead(context.Block.Clear(), request, flow, tag);
        var transaction = context.Transactions.Open(request, flow, context.Block.ToArray());
        var host = SipText.Decode(to.Host);
        var domain = to.TryAddress(out var address) && address.Equals(Security.AccessList.Plain(flow.Local.Address)) ? context.Host.Directory.Domain : host;

        // Who writes is who proved it, whatever From says (S-05).
        var sender = user is null ? SipText.DecodeUser(fromUri.User) + "@" + SipText.Decode(fromUri.Host) : user.Number + "@" + user.Domain;
        var name = user is { CallerIdName.Length: > 0 } ? user.CallerIdName : SipText.Unquote(from.Display);
        var headers = new List<KeyValuePair<string, string>>
        {
            new("sip_profile", context.ProfileOf(flow.Listener)),
            new("sip_call_id", SipText.Decode(request.CallId)),
            new("max_forwards", Math.Max(0, request.MaxForwards - 1).ToString()),
        };
        var key = TimerKey.Make(TimerKind.Chat, transaction.Id);
        _pending[transaction.Id] = (transaction, context.Host.SetTimer(key, AnswerLimit));
        context.Host.Count("messages_in");
        context.Host.Calls.Submit(key, new TextMessage(sender, SipText.DecodeUser(to.User) + "@" + domain, type.Length == 0 ? "text/plain" : type, Encoding.UTF8.GetString(request.Body))
        {
            FromName = name,
            Protocol = "sip",
            Headers = headers,
        });
    }

    /// <summary>The core says what became of a message of a peer.</summary>
    public void OnSubmitted(long key, int status, string reason)
    {
        if (_pending.Remove(TimerKey.Owner(key), out var pending))
        {
            context.Host.CancelTimer(pending.Guard);
            Answer(pending.Transaction, status, reason);
        }
    }

    /// <summary>The core did not say so in time.</summary>
    public void OnTimer(long id)
    {
        if (_pending.Remove(id, out var pending))
        {
            Answer(pending.Transaction, 480, "");
        }
    }

    /// <summary>Sends a message of the core.</summary>
    public void Send(long key, TextMessage message, DialTarget target)
    {
        var block = context.Block;
        Flow flow;
        byte[] uri;
        byte[] routes = [];
        if (target.Binding is { } binding)
        {
            if (!BindingWay.TryFind(context, binding, null, out flow, out var problem))
            {
                context.Host.CompleteMessage(key, 480, problem);
                return;
            }

            uri = Encoding.UTF8.GetBytes(binding.Contact);
            routes = BindingWay.Routes(context, binding);
        }
        else if (!TryAddress(target, out uri, out flow))
        {
            context.Host.CompleteMessage(key, 404, "Cannot be reached");
            return;
        }

        if (!SipUri.TryParse(uri, out _))
        {
            context.Host.CompleteMessage(key, 400, "Malformed contact");
            return;
        }

        block.Clear();
        if (message.FromName.Length > 0)
        {
            block.Quoted(message.FromName).Raw(" "u8);
        }

        WriteAddress(block.Raw("<sip:"u8), message.From);
        var from = block.Raw(">;tag="u8).Raw(context.NewTag()).ToArray();
        WriteAddress(block.Clear().Raw("<sip:"u8), target.Binding is { } to ? to.Number + "@" + to.Domain : message.To);
        var toValue = block.Raw(">"u8).ToArray();
        block.Clear();
        var hops = message.Headers.FirstOrDefault(h => h.Key == "max_forwards").Value;
        foreach (var (name, value) in message.Headers)
        {
            var bytes = Encoding.UTF8.GetBytes(name);
            if (name.StartsWith("X-", StringComparison.OrdinalIgnoreCase) && name.Length <= 64 && SipText.IsToken(bytes))
            {
                block.Raw(bytes).Raw(": "u8).Value(value).Line();
            }
        }

        context.Host.Count("messages_out");
        context.Transactions.Start(
            new ClientRequest
            {
                Method = SipMethod.Message,
                Purpose = RequestPurpose.Chat,
                RequestUri = uri,
                Routes = routes,
                From = from,
                To = toValue,
                CallId = context.NewCallId(),
                CSeq = 1,
                Branch = context.NewBranch(),
                MaxForwards = int.TryParse(hops, out var left) ? Math.Clamp(left, 1, 70) : 70,
                Extra = block.ToArray(),
                ContentType = Printable(message.ContentType),
                Body = Encoding.UTF8.GetBytes(message.Text),
                Tag = key.ToString(System.Globalization.CultureInfo.InvariantCulture) + (target.Profile == "gateway" ? " " + target.Address.Split('/')[0] : ""),
            },
            flow,
            leg: null);
    }

    /// <summary>The peer answered a message of the core, or did not.</summary>
    public void OnResult(ClientRequest request, int status, string reason, SipMessage? response = null)
    {
        var words = request.Tag.Split(' ');
        if (response is not null && status is 401 or 407 && request.AuthTries < 2 && words.Length > 1 && context.Gateways.Find(words[1]) is { } gateway
            && Security.DigestClient.TryAnswer(response!, "MESSAGE"u8, request.RequestUri, gateway.Options.Username, gateway.Options.Password, gateway.Options.RealmToAnswer, Convert.ToHexStringLower(context.NewTag()), context.Block)
            && gateway.TryFlow(out var flow))
        {
            context.Transactions.Start(request.Again(request.CSeq + 1, context.NewBranch(), context.Block.ToArray()), flow, leg: null);
            return;
        }

        if (long.TryParse(words[0], out var key))
        {
            context.Host.CompleteMessage(key, status, reason);
        }
    }

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(_pending.Count);
        foreach (var (id, pending) in _pending)
        {
            writer.WriteArrayHeader(2);
            writer.Write(id);
            writer.Write(pending.Guard.Value);
        }
    }

    /// <summary>After the transactions.</summary>
    public void Read(ref MessagePackReader reader, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var fields = new FieldReader(ref reader);
            var id = fields.Int64(ref reader);
            var guard = new TimerId(fields.Int64(ref reader));
            fields.End(ref reader);
            if (context.Transactions.FindServer(id) is { } transaction)
            {
                _pending[id] = (transaction, guard);
            }
        }
    }

    private static bool IsText(string type)
    {
        var plain = type.Split(';')[0].Trim();
        return plain.Length == 0 || plain.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || plain.Equals("message/cpim", StringComparison.OrdinalIgnoreCase)
            || plain.Equals("application/im-iscomposing+xml", StringComparison.OrdinalIgnoreCase);
    }

    private static string Printable(string type) => type.All(c => c is >= ' ' and < (char)0x7f) && type.Contains('/', StringComparison.Ordinal) ? type : "text/plain";

    private void WriteAddress(SipWriter writer, string address)
    {
        var at = address.LastIndexOf('@');
        writer.User(at < 0 ? address : address[..at]).Raw("@"u8).Value(at < 0 ? context.Host.Directory.Domain : address[(at + 1)..]);
    }

    private bool TryAddress(DialTarget target, out byte[] uri, out Flow flow)
    {
        flow = default;
        if (target.Profile == "gateway")
        {
            var slash = target.Address.IndexOf('/', StringComparison.Ordinal);
            uri = [];
            if (slash < 0 || context.Gateways.Find(target.Address[..slash]) is not { IsUp: true } gateway)
            {
                return false;
            }

            uri = context.Block.Clear().Raw("sip:"u8).User(target.Address[(slash + 1)..]).Raw("@"u8).Value(gateway.Options.Realm).ToArray();
            return gateway.TryFlow(out flow);
        }

        uri = context.Block.Clear().Raw("sip:"u8).Value(target.Address.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) ? target.Address[4..] : target.Address).ToArray();
        if (!SipUri.TryParse(uri, out var parsed) || !Hop.TryRead(parsed, out var hop) || hop.Address is not { } address)
        {
            return false;
        }

        var transport = hop.Transport ?? TransportKind.Udp;
        var way = new Way(transport, new System.Net.IPEndPoint(address, hop.Port == 0 ? Hop.DefaultPort(transport) : hop.Port), hop.Host);
        return context.Transport.TryReach(target.Profile, way, null, out flow);
    }

    private void Answer(ServerTransaction transaction, int status, string reason)
    {
        status = status is >= 200 and <= 699 ? status : 500;
        var writer = ResponseWriting.WriteStatus(context.Writer, status, reason.Length is > 0 and <= 128 ? reason : null).Raw(transaction.ResponseHead);
        writer.Header("Server"u8, context.Options.UserAgent).Body([], []);
        context.Transactions.Respond(transaction, status, writer.ToArray());
    }
}
