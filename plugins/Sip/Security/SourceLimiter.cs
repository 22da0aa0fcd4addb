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
        var seconds = Math.Min(86_400, context.Options.BanSeconds * Math.Pow(2, Math.Min(source.Bans, 20)));
        source.Bans++;
        source.BannedUntil = now + TimeSpan.FromSeconds(seconds);
        context.Host.Count("bans");
        context.Host.Security("ban", remote, ("seconds", ((long)seconds).ToString()), ("reason", "auth_failures"));
    }

    /// <summary>Whether no limit applies to a source.</summary>
    public bool IsTrusted(IPAddress address) =>
        context.Options.Trusted.Contains(address) || context.Options.Acl.Contains(address) || context.Options.InternalAcl.Contains(address);

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

        public int Bans { get; set; }

        public DateTimeOffset BannedUntil { get; set; }
    }
}
