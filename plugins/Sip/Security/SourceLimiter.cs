using System.Buffers.Binary;
using System.Net;
using MessagePack;
using XSwitchEngine.Plugins.Sip.State;

namespace XSwitchEngine.Plugins.Sip.Security;

/// <summary>Limits per source address: token buckets for messages and for requests, and bans after wrong credentials.</summary>
/// <remarks>Sources are IPv4 addresses and IPv6 /64 networks. At most <see cref="Capacity"/> are remembered; the one not seen for longest is forgotten.</remarks>
internal sealed class SourceLimiter(SipContext context)
{
    /// <summary>Most sources remembered.</summary>
    public const int Capacity = 16_384;

    private const int MaxEndpoints = 1024;
    private readonly Dictionary<IPEndPoint, DateTimeOffset> _endpoints = [];
    private readonly Dictionary<UInt128, LinkedListNode<Source>> _sources = [];
    private readonly LinkedList<Source> _recent = new();

    /// <summary>Sources remembered.</summary>
    public int Count => _sources.Count;

    /// <summary>Whether a message may be looked at. False: drop it without an answer.</summary>
    public bool AllowMessage(IPAddress address)
    {
        if (IsTrusted(address))
        {
            return true;
        }

        var source = Get(address);
        if (source.BannedUntil > context.Host.Now)
        {
            context.Host.Count("dropped_banned");
            return false;
        }

        return source.Messages.TryTake(context.Host.Now, context.Options.MessagesPerSecond) || Refuse("dropped_rate");
    }

    /// <summary>Whether a request outside a dialog may be served.</summary>
    public bool AllowRequest(IPAddress address) =>
        IsTrusted(address) || Get(address).Requests.TryTake(context.Host.Now, context.Options.RequestsPerSecond) || Refuse("dropped_rate");

    /// <summary>Whether exactly this address and port is banned: a scanner beside others on an address that is not banned whole.</summary>
    public bool IsBanned(IPEndPoint remote)
    {
        if (_endpoints.Count == 0 || !_endpoints.TryGetValue(remote, out var until))
        {
            return false;
        }

        if (until > context.Host.Now)
        {
            context.Host.Count("dropped_banned");
            return true;
        }

        _endpoints.Remove(remote);
        return false;
    }

    /// <summary>Bans a scanner at once.</summary>
    public void Scanned(IPEndPoint remote, string agent)
    {
        context.Host.Count("scanners");
        context.Host.Security("scanner", remote, ("ua", agent));
        if (!IsTrusted(remote.Address))
        {
            Ban(remote, Get(remote.Address), "scanner");
        }
        else if (_endpoints.Count < MaxEndpoints)
        {
            _endpoints[remote] = context.Host.Now + TimeSpan.FromSeconds(context.Options.BanSeconds);
            context.Host.Security("ban", remote, ("seconds", context.Options.BanSeconds.ToString()), ("reason", "scanner"));
        }
    }

    /// <summary>Notes a challenge; a source that lets many of them lie is guessing who is there.</summary>
    public void Challenged(IPEndPoint remote)
    {
        if (context.Options.ChallengesPerMinute == 0 || IsTrusted(remote.Address))
        {
            return;
        }

        var now = context.Host.Now;
        var source = Get(remote.Address);
        if (now - source.ChallengesSince > TimeSpan.FromMinutes(1))
        {
            source.ChallengesSince = now;
            source.Challenges = 0;
        }

        if (++source.Challenges >= context.Options.ChallengesPerMinute)
        {
            source.Challenges = 0;
            Ban(remote, source, "unanswered_challenges");
        }
    }

    /// <summary>Notes right credentials: the challenge before them was no guess.</summary>
    public void Authenticated(IPAddress address)
    {
        if (!IsTrusted(address) && Get(address) is { Challenges: > 0 } source)
        {
            source.Challenges--;
        }
    }

    /// <summary>What is banned now.</summary>
    public IEnumerable<(string Source, DateTimeOffset Until, int Bans)> Banned =>
        _recent.Where(s => s.BannedUntil > context.Host.Now).Select(s => (AccessList.Plain(new IPAddress(BytesOf(s.Key))).ToString(), s.BannedUntil, s.Bans))
            .Concat(_endpoints.Where(e => e.Value > context.Host.Now).Select(e => (e.Key.ToString(), e.Value, 1)));

    /// <summary>Lifts a ban.</summary>
    public bool Unban(string text)
    {
        var lifted = false;
        if (IPAddress.TryParse(text, out var address) && _sources.TryGetValue(KeyOf(address), out var node) && node.Value.BannedUntil > context.Host.Now)
        {
            node.Value.BannedUntil = default;
            node.Value.Bans = node.Value.Failures = node.Value.Challenges = 0;
            lifted = true;
        }

        foreach (var endpoint in _endpoints.Keys.Where(e => e.ToString() == text || e.Address.ToString() == text).ToArray())
        {
            lifted |= _endpoints.Remove(endpoint);
        }

        return lifted;
    }

    /// <summary>Notes wrong credentials; enough of them within a minute ban the source.</summary>
    public void AuthFailed(IPEndPoint remote)
    {
        if (IsTrusted(remote.Address))
        {
            return;
        }

        var now = context.Host.Now;
        var source = Get(remote.Address);
        if (now - source.FailuresSince > TimeSpan.FromMinutes(1))
        {
            source.FailuresSince = now;
            source.Failures = 0;
        }

        if (++source.Failures < context.Options.AuthFailuresPerMinute)
        {
            return;
        }

        source.Failures = 0;
        Ban(remote, source, "auth_failures");
    }

    private void Ban(IPEndPoint remote, Source source, string reason)
    {
        var seconds = Math.Min(86_400, context.Options.BanSeconds * Math.Pow(2, Math.Min(source.Bans, 20)));
        source.Bans++;
        source.BannedUntil = context.Host.Now + TimeSpan.FromSeconds(seconds);
        context.Host.Count("bans");
        context.Host.Security("ban", remote, ("seconds", ((long)seconds).ToString()), ("reason", reason));
    }

    /// <summary>Whether no limit applies to a source.</summary>
    public bool IsTrusted(IPAddress address) =>
        context.Options.Unlimited.Contains(address) || context.Gateways.Contains(address);

    public void Write(ref MessagePackWriter writer)
    {
        // Buckets fill up within seconds; only bans are worth keeping.
        var banned = _recent.Where(s => s.BannedUntil > context.Host.Now || s.Bans > 0).ToList();
        writer.WriteArrayHeader(banned.Count);
        foreach (var source in banned)
        {
            writer.WriteArrayHeader(3);
            writer.WriteText(new IPAddress(BytesOf(source.Key)).ToString());
            writer.Write(source.Bans);
            writer.WriteTime(source.BannedUntil);
        }
    }

    public void Read(ref MessagePackReader reader, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var fields = new FieldReader(ref reader);
            var text = fields.Text(ref reader);
            var bans = fields.Int32(ref reader);
            var until = fields.Time(ref reader);
            fields.End(ref reader);
            if (IPAddress.TryParse(text, out var address))
            {
                var source = Get(address);
                source.Bans = bans;
                source.BannedUntil = until;
            }
        }
    }

    private static UInt128 KeyOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.MapToIPv6().TryWriteBytes(bytes, out _);
        var isIpv4 = bytes[..10].IndexOfAnyExcept((byte)0) < 0 && bytes[10] == 0xff && bytes[11] == 0xff;
        if (!isIpv4)
        {
            bytes[8..].Clear();    // one subscriber owns a /64
        }

        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static byte[] BytesOf(UInt128 key)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, key);
        return bytes;
    }

    private bool Refuse(string counter)
    {
        context.Host.Count(counter);
        return false;
    }

    private Source Get(IPAddress address)
    {
        var key = KeyOf(address);
        if (_sources.TryGetValue(key, out var node))
        {
            if (_recent.First != node)
            {
                _recent.Remove(node);
                _recent.AddFirst(node);
            }

            return node.Value;
        }

        if (_sources.Count == Capacity && _recent.Last is { } oldest)
        {
            _recent.RemoveLast();
            _sources.Remove(oldest.Value.Key);
        }

        var source = new Source(key);
        _sources[key] = _recent.AddFirst(source);
        return source;
    }

    private struct Bucket
    {
        private double _tokens;
        private DateTimeOffset _filled;

        public bool TryTake(DateTimeOffset now, int perSecond)
        {
            var burst = 2.0 * perSecond;
            _tokens = _filled == default ? burst : Math.Min(burst, _tokens + ((now - _filled).TotalSeconds * perSecond));
            _filled = now;
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }

    private sealed class Source(UInt128 key)
    {
        public Bucket Messages;
        public Bucket Requests;

        public UInt128 Key { get; } = key;

        public int Failures { get; set; }

        public DateTimeOffset FailuresSince { get; set; }

        public int Challenges { get; set; }

        public DateTimeOffset ChallengesSince { get; set; }

        public int Bans { get; set; }

        public DateTimeOffset BannedUntil { get; set; }
    }
}
