using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace XSwitchEngine.Host.Http;

/// <summary>Counts by source: connections at once, and events (requests, failed log-ins) over time. Whoever has one IPv6 address has a /64. Any thread.</summary>
internal sealed class SourceLimiter(TimeProvider time)
{
    private const int MaxSources = 100_000;
    private readonly ConcurrentDictionary<IPAddress, Bucket> _buckets = new();
    private readonly ConcurrentDictionary<IPAddress, int> _connections = new();

    /// <summary>Counts a connection.</summary>
    /// <param name="source">From where.</param>
    /// <param name="max">Most at once; 0 for no limit.</param>
    /// <returns>False when it is one too many; it is not counted then.</returns>
    public bool TryConnect(IPAddress source, int max)
    {
        if (max == 0 || _connections.AddOrUpdate(Network(source), 1, static (_, n) => n + 1) <= max)
        {
            return true;
        }

        Disconnect(source, max);
        return false;
    }

    /// <summary>A counted connection has ended.</summary>
    /// <param name="source">From where.</param>
    /// <param name="max">As given to <see cref="TryConnect"/>.</param>
    public void Disconnect(IPAddress source, int max)
    {
        if (max == 0)
        {
            return;
        }

        var network = Network(source);
        if (_connections.AddOrUpdate(network, 0, static (_, n) => n - 1) == 0)
        {
            _connections.TryRemove(KeyValuePair.Create(network, 0));
        }
    }

    /// <summary>Counts an event against a rate.</summary>
    /// <param name="source">From where.</param>
    /// <param name="perSecond">How many a second; 0 or less for no limit.</param>
    /// <param name="burst">How many at once.</param>
    /// <returns>False when it is too many.</returns>
    public bool TryTake(IPAddress source, double perSecond, double burst)
    {
        if (perSecond <= 0)
        {
            return true;
        }

        var now = time.GetTimestamp();
        if (_buckets.Count >= MaxSources)
        {
            Sweep(now);
        }

        return _buckets.GetOrAdd(Network(source), static (_, b) => new Bucket(b.burst, b.now), (burst, now)).TryTake(time, now, perSecond, burst);
    }

    /// <summary>Whether an event would be too many, without counting one.</summary>
    public bool IsExhausted(IPAddress source, double perSecond, double burst) =>
        _buckets.TryGetValue(Network(source), out var bucket) && bucket.IsEmpty(time, time.GetTimestamp(), perSecond, burst);

    private static IPAddress Network(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || address.IsIPv4MappedToIPv6)
        {
            return Networks.Plain(address);
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    // At the bound the idle go first; if all are busy, all begin anew: a flood of sources must not become a flood of memory.
    private void Sweep(long now)
    {
        foreach (var (source, bucket) in _buckets)
        {
            if (bucket.IsIdle(time, now))
            {
                _buckets.TryRemove(source, out _);
            }
        }

        if (_buckets.Count >= MaxSources)
        {
            _buckets.Clear();
        }
    }

    private sealed class Bucket(double level, long last)
    {
        private static readonly TimeSpan Idle = TimeSpan.FromMinutes(2);
        private readonly Lock _lock = new();
        private double _level = level;
        private long _last = last;

        public bool TryTake(TimeProvider time, long now, double perSecond, double burst)
        {
            lock (_lock)
            {
                Fill(time, now, perSecond, burst);
                if (_level < 1)
                {
                    return false;
                }

                _level--;
                return true;
            }
        }

        public bool IsEmpty(TimeProvider time, long now, double perSecond, double burst)
        {
            lock (_lock)
            {
                Fill(time, now, perSecond, burst);
                return _level < 1;
            }
        }

        public bool IsIdle(TimeProvider time, long now)
        {
            lock (_lock)
            {
                return time.GetElapsedTime(_last, now) > Idle;
            }
        }

        private void Fill(TimeProvider time, long now, double perSecond, double burst)
        {
            _level = Math.Min(burst, _level + (time.GetElapsedTime(_last, now).TotalSeconds * perSecond));
            _last = now;
        }
    }
}
