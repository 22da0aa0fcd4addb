using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Where the listeners of one profile are, and which of them are off, as an operator configures it.</summary>
/// <remarks>
/// Of a profile that the manifest does not name, <c>Port</c> is that of UDP and TCP, and the other transports are there when they have one of their own.
/// <c>Enabled</c>, <c>Port</c> and <c>Address</c> hold for all listeners of the profile: <c>Port</c> is that of its first listener, the others keep their distance to it, and with 0 the
/// system chooses all. Each can be set for one transport alone (<c>wss: { Port: 7443 }</c>, <c>wss: false</c>), or by FreeSWITCH's names: <c>ws-binding</c> and <c>wss-binding</c>
/// (<c>:5066</c>, <c>192.0.2.1:5066</c>, empty for off), <c>tls</c> (true or false), <c>tls-sip-port</c>. <c>tls: { ClientCertificates: require }</c> wants certificates of clients, <c>ask</c> takes them.
/// </remarks>
public sealed class ProfileSettings
{
    private const string BindingSuffix = "-binding";
    private const string Certificates = "ClientCertificates";
    private const string TlsPort = "tls-sip-port";
    private readonly IReadOnlyList<ListenerSpec> _listeners;
    private readonly bool _isOther;
    private readonly Dictionary<TransportKind, Place> _transports = [];
    private Place _all;

    /// <summary>Settings that change nothing.</summary>
    /// <param name="listeners">The listeners of the profile, from the manifest.</param>
    /// <param name="isOther">Whether the manifest does not name the profile: these are what it could have, and it has those that are given a port.</param>
    public ProfileSettings(IEnumerable<ListenerSpec> listeners, bool isOther = false)
    {
        _listeners = [.. listeners];
        _isOther = isOther;
    }

    /// <summary>All listeners that it has or could have.</summary>
    public IReadOnlyList<ListenerSpec> Listeners => _listeners;

    /// <summary>What is wrong about where its listeners are to be.</summary>
    public IEnumerable<string> Faults => _listeners.Select(l => TryPlace(l, out _, out var fault) ? null : fault).OfType<string>();

    /// <summary>Whether it has to be given ports and was given none.</summary>
    public bool HasNoPort => _isOther && _listeners.All(l => !TryPlace(l, out _, out var fault) && fault is null) && _all.Enabled != false;

    /// <summary>All keys that the profile knows.</summary>
    public IReadOnlyList<string> Keys =>
    [
        "Enabled", "Port", "Address",
        .. Transports.Select(Name),
        .. Transports.Where(static t => t is TransportKind.Ws or TransportKind.Wss).Select(static t => Name(t) + BindingSuffix),
        .. Transports.Contains(TransportKind.Tls) ? (string[])[TlsPort] : [],
    ];

    private IEnumerable<TransportKind> Transports => _listeners.Select(static l => l.Transport).Distinct();

    /// <summary>The key as it is spelled, or null when the profile has none of the name.</summary>
    /// <param name="key">In any case.</param>
    public string? Find(string key) => Keys.FirstOrDefault(k => k.Equals(key, StringComparison.OrdinalIgnoreCase));

    /// <summary>Sets one.</summary>
    /// <param name="key">As <see cref="Find"/> spells it.</param>
    /// <param name="value">Its value.</param>
    /// <returns>What is wrong with the value; null when nothing is.</returns>
    public string? Set(string key, JsonNode? value)
    {
        if (key == TlsPort)
        {
            var tls = _transports.GetValueOrDefault(TransportKind.Tls);
            var fault = tls.Set("Port", value);
            _transports[TransportKind.Tls] = tls;
            return fault;
        }

        if (key.EndsWith(BindingSuffix, StringComparison.Ordinal))
        {
            return SetBinding(Transports.First(t => key == Name(t) + BindingSuffix), Text(value));
        }

        return Transports.Where(t => key == Name(t)).Select(static t => (TransportKind?)t).FirstOrDefault() is { } transport
            ? SetTransport(transport, value)
            : _all.Set(key, value);
    }

    /// <summary>Where a listener is to be bound.</summary>
    /// <param name="spec">One of the profile.</param>
    /// <param name="address">Its place.</param>
    /// <param name="fault">What is wrong; null when nothing is.</param>
    /// <returns>False when it is off, or at a fault.</returns>
    internal bool TryPlace(ListenerSpec spec, out ListenAddress address, out string? fault)
    {
        fault = null;
        _ = ListenAddress.TryParse(spec.Default, out address);
        var own = _transports.GetValueOrDefault(spec.Transport);
        if (!(own.Enabled ?? _all.Enabled ?? true))
        {
            return false;
        }

        if (_isOther)
        {
            var sharesPort = spec.Transport is TransportKind.Udp or TransportKind.Tcp;
            var given = own.Port ?? (sharesPort ? _all.Port : null);
            fault = given is null && own.Enabled == true ? $"{Name(spec.Transport)} wants a port: {Name(spec.Transport)}: {{ Port: … }}" : null;
            address = new ListenAddress(own.HasAddress ? own.Address : _all.HasAddress ? _all.Address : null, given ?? 0);
            return given is not null;
        }

        _ = ListenAddress.TryParse(_listeners[0].Default, out var first);
        var moved = _all.Port is not { } port ? address.Port : port == 0 ? 0 : address.Port - first.Port + port;
        if (own.Port is null && moved is < 0 or > 65535)
        {
            fault = $"Port {_all.Port} moves {spec.Name} to {moved}, which is no port; give it one of its own: {Name(spec.Transport)}: {{ Port: … }}";
            return false;
        }

        address = new ListenAddress(own.HasAddress ? own.Address : _all.HasAddress ? _all.Address : address.Address, own.Port ?? moved);
        return true;
    }

    /// <summary>Whether clients of a listener are asked for a certificate.</summary>
    internal ClientCertificates ClientCertificates(ListenerSpec spec) => _transports.GetValueOrDefault(spec.Transport).Clients;

    private static string Name(TransportKind transport) => transport.ToString().ToLowerInvariant();

    private static string? Text(JsonNode? value) => value is JsonValue ? value.ToString() : null;

    private string? SetTransport(TransportKind transport, JsonNode? value)
    {
        var place = _transports.GetValueOrDefault(transport);
        string? fault = null;
        if (value is JsonObject settings)
        {
            foreach (var (name, item) in settings)
            {
                string[] known = transport == TransportKind.Tls ? ["Enabled", "Port", "Address", Certificates] : ["Enabled", "Port", "Address"];
                fault ??= known.FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } key
                    ? place.Set(key, item) is { } wrong ? $"{key} {wrong}" : null
                    : $"has {string.Join(", ", known[..^1])} and {known[^1]}, not {name}";
            }
        }
        else
        {
            fault = place.Set("Enabled", value) is null ? null : "must be true, false, or an object with Enabled, Port and Address";
        }

        _transports[transport] = place;
        return fault;
    }

    private string? SetBinding(TransportKind transport, string? text)
    {
        if (text is null || (text.Length > 0 && !ListenAddress.TryParse(text.StartsWith(':') ? "*" + text : text, out _)))
        {
            return "must be :port or address:port, or empty for off";
        }

        _ = ListenAddress.TryParse(text.StartsWith(':') ? "*" + text : text, out var at);
        _transports[transport] = text.Length == 0 ? new Place { Enabled = false } : new Place { Enabled = true, Port = at.Port, HasAddress = !text.StartsWith(':'), Address = at.Address };
        return null;
    }

    private struct Place
    {
        public bool? Enabled { get; set; }

        public int? Port { get; set; }

        public bool HasAddress { get; set; }

        public IPAddress? Address { get; set; }

        public ClientCertificates Clients { get; set; }

        public string? Set(string key, JsonNode? value)
        {
            var text = Text(value);
            switch (key)
            {
                case "Enabled":
                    Enabled = bool.TryParse(text, out var enabled) ? enabled : null;
                    return Enabled is null ? "must be true or false" : null;
                case "Port":
                    Port = ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : null;
                    return Port is null ? "must be a port, 0..65535 (0: chosen by the system)" : null;
                case Certificates:
                    var isKnown = Enum.TryParse<ClientCertificates>(text, ignoreCase: true, out var clients) && !char.IsAsciiDigit(text![0]);
                    Clients = clients;
                    return isKnown ? null : "must be none, ask or require";
                default:
                    (HasAddress, Address) = (true, null);
                    if (text is null || !ListenAddress.TryParseHost(text, out var address))
                    {
                        return "must be an IP address of this machine, or * for all";
                    }

                    Address = address;
                    return null;
            }
        }
    }
}
