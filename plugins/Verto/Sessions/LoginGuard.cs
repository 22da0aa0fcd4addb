using System.Net;

namespace XSwitchEngine.Plugins.Verto.Sessions;

/// <summary>Counts wrong credentials by source; one that sends too many is not listened to until its minute is over.</summary>
/// <remarks>Holds at most <see cref="Capacity"/> sources; at the bound the one that was longest quiet is forgotten.</remarks>
internal sealed class LoginGuard(VertoContext context)
{
    public const int Capacity = 16_384;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Dictionary<IPAddress, (int Failures, DateTimeOffset Since)> _sources = [];

    public IReadOnlyDictionary<IPAddress, (int Failures, DateTimeOffset Since)> Sources => _sources;

    /// <summary>Whether credentials from this source are looked at.</summary>
    public bool Allows(IPAddress address) =>
        IPAddress.IsLoopback(address) || !_sources.TryGetValue(KeyOf(address), out var source) || context.Now - source.Since > Window || source.Failures < context.Options.AuthFailuresPerMinute;

    /// <summary>Credentials were wrong.</summary>
    public void Failed(IPAddress address)
    {
        var key = KeyOf(address);
        if (_sources.TryGetValue(key, out var source) && context.Now - source.Since <= Window)
        {
            _sources[key] = (source.Failures + 1, source.Since);
            return;
        }

        if (_sources.Count >= Capacity)
        {
            _sources.Remove(_sources.MinBy(s => s.Value.Since).Key);
        }

        _sources[key] = (1, context.Now);
    }

    public void Restore(IPAddress address, int failures, DateTimeOffset since) => _sources[address] = (failures, since);

    // One subscriber owns a /64.
    private static IPAddress KeyOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        var bytes = address.GetAddressBytes();
        if (bytes.Length == 16)
        {
            bytes.AsSpan(8).Clear();
        }

        return new IPAddress(bytes);
    }
}
