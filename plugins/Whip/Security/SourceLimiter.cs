using System.Net;

namespace XSwitchEngine.Plugins.Whip.Security;

/// <summary>Limits per source address: requests and new sessions a second, wrong tokens a minute.</summary>
/// <remarks>
/// Sources are IPv4 addresses and IPv6 /64 networks. At most <see cref="Capacity"/> are remembered; then those not seen for a minute are forgotten, and if there are none, all.
/// A bucket refills within two seconds, so that nothing of it is worth exporting.
/// </remarks>
internal sealed class SourceLimiter(WhipContext context)
{
    /// <summary>Most sources remembered.</summary>
    public const int Capacity = 16_384;

    private readonly Dictionary<IPAddress, Source> _sources = [];

    public int Count => _sources.Count;

    /// <summary>Whether a request may be served.</summary>
    /// <param name="address">Its source.</param>
    /// <param name="isPost">Whether it would make a session.</param>
    /// <param name="retryAfter">How long to wait otherwise, seconds.</param>
    public bool Allow(IPAddress address, bool isPost, out int retryAfter)
    {
        retryAfter = 0;
        if (context.Options.IsTrusted(address))
        {
            return true;
        }

        var now = context.Host.Now;
        var source = Get(address, now);
        if (source.RefusedUntil > now)
        {
            retryAfter = (int)Math.Ceiling((source.RefusedUntil - now).TotalSeconds);
            return false;
        }

        retryAfter = 1;
        return source.Requests.TryTake(now, context.Options.RequestsPerSecond) && (!isPost || source.Posts.TryTake(now, context.Options.PostsPerSecond));
    }

    /// <summary>Notes a wrong token; enough of them within a minute and the source waits out the rest of a minute.</summary>
    /// <param name="remote">Where it came from.</param>
    public void Failed(IPEndPoint remote)
    {
        context.Host.Count("auth_failures");
        context.Host.Security("auth_fail", remote, ("protocol", "whip"));
        if (context.Options.IsTrusted(remote.Address))
        {
            return;
        }

        var now = context.Host.Now;
        var source = Get(remote.Address, now);
        if (now - source.FailuresSince > TimeSpan.FromMinutes(1))
        {
            source.FailuresSince = now;
            source.Failures = 0;
        }

        if (++source.Failures >= context.Options.AuthFailuresPerMinute)
        {
            source.Failures = 0;
            source.RefusedUntil = now + TimeSpan.FromMinutes(1);
            context.Host.Security("ban", remote, ("seconds", "60"), ("reason", "auth_failures"));
        }
    }

    private static IPAddress KeyOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var length) || length != 16)
        {
            return address;
        }

        bytes[8..].Clear();     // one subscriber owns a /64
        return new IPAddress(bytes);
    }

    private Source Get(IPAddress address, DateTimeOffset now)
    {
        var key = KeyOf(address);
        if (!_sources.TryGetValue(key, out var source))
        {
            if (_sources.Count >= Capacity)
            {
                foreach (var old in _sources.Where(s => now - s.Value.Seen > TimeSpan.FromMinutes(1)).Select(s => s.Key).ToList())
                {
                    _sources.Remove(old);
                }

                if (_sources.Count >= Capacity)
                {
                    _sources.Clear();
                }
            }

            _sources[key] = source = new Source();
        }

        source.Seen = now;
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

    private sealed class Source
    {
        public Bucket Requests;
        public Bucket Posts;

        public DateTimeOffset Seen { get; set; }

        public int Failures { get; set; }

        public DateTimeOffset FailuresSince { get; set; }

        public DateTimeOffset RefusedUntil { get; set; }
    }
}
