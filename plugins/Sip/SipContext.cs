using System.Net;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Events;
using XSwitchEngine.Plugins.Sip.Gateways;
using XSwitchEngine.Plugins.Sip.Legs;
using XSwitchEngine.Plugins.Sip.Messages;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Registrar;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.Plugins.Sip.Trace;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip;

/// <summary>The parts of one plugin instance and what they share. There is one for each instance; nothing here is static.</summary>
internal sealed class SipContext
{
    private readonly Dictionary<int, Place> _listeners = [];
    private string _realmText = "";

    public SipContext(IPluginHost host)
    {
        Host = host;
        Options = SipOptions.Parse(host.Options);
        TakeListeners();
        Timers = TimersOf(Options);
        LocalAddresses = new LocalAddresses(this);
        Limiter = new SourceLimiter(this);
        Nonces = new NonceService(this);
        Authenticator = new Authenticator(this);
        Trace = new SipTrace(this);
        Locator = new ServerLocator(this);
        Gateways = new GatewayTable(this);
        Subscriptions = new SubscriptionTable(this);
        Publications = new Publications(this);
        Chat = new SipChat(this);
        Loose = new LooseRequests(this);
        Transport = new SipTransport(this);
        Transactions = new TransactionTable(this);
        Legs = new LegTable(this);
        Registrar = new SipRegistrar(this);
        Pings = new ContactPings(this);
        Core = new UserAgentServer(this);
        Commands = new LegCommands(this);
        Nonces.Start();
    }

    public IPluginHost Host { get; }

    public SipOptions Options { get; private set; }

    public TransactionTimers Timers { get; private set; }

    /// <summary>For whole messages; its content is gone when another message is built.</summary>
    public SipWriter Writer { get; } = new();

    /// <summary>For blocks of header lines and values.</summary>
    public SipWriter Block { get; } = new();

    public TransactionKey Keys { get; } = new();

    public LocalAddresses LocalAddresses { get; }

    public SourceLimiter Limiter { get; }

    public NonceService Nonces { get; }

    public Authenticator Authenticator { get; }

    public SipTrace Trace { get; }

    public SipTransport Transport { get; }

    public TransactionTable Transactions { get; }

    public LegTable Legs { get; }

    public SipRegistrar Registrar { get; }

    public ContactPings Pings { get; }

    public UserAgentServer Core { get; }

    public LegCommands Commands { get; }

    public GatewayTable Gateways { get; }

    public ServerLocator Locator { get; }

    public SubscriptionTable Subscriptions { get; }

    public Publications Publications { get; }

    public SipChat Chat { get; }

    public LooseRequests Loose { get; }

    /// <summary>The last number given out; part of exported state.</summary>
    public long LastId { get; set; }

    /// <summary>The digest realm as bytes.</summary>
    public byte[] Realm
    {
        get
        {
            var domain = Host.Directory.Domain;
            if (!ReferenceEquals(domain, _realmText))
            {
                (_realmText, field) = (domain, Encoding.UTF8.GetBytes(domain));
            }

            return field;
        }
    } = [];

    /// <summary>The listeners that are bound now.</summary>
    public IReadOnlyList<ListenerInfo> Listeners { get; private set; } = [];

    public long NextId() => ++LastId;

    /// <summary>Takes new options into force for what begins from now on.</summary>
    public void Configure(string json)
    {
        Options = SipOptions.Parse(json);
        Timers = TimersOf(Options);
        TakeListeners();
        Gateways.Configure();
    }

    public string ProfileOf(ListenerId listener) => _listeners.TryGetValue(listener.Value, out var place) ? place.Info.Profile : "";

    public TransportKind TransportOf(ListenerId listener) => _listeners.TryGetValue(listener.Value, out var place) ? place.Info.Transport : TransportKind.Tcp;

    /// <summary>The options of the profile that a flow belongs to.</summary>
    public SipOptions OptionsOf(in Flow flow) => _listeners.TryGetValue(flow.Listener.Value, out var place) ? place.Options : Options;

    /// <summary>A listener; one that was moved by a reload is where it is now.</summary>
    public ListenerInfo? Listener(ListenerId id) => _listeners.TryGetValue(id.Value, out var place) ? place.Info : null;

    public ListenerInfo? ListenerByName(string name) => Listeners.FirstOrDefault(l => l.Name == name);

    /// <summary>A flow by the listener that stands in for its own since a reload.</summary>
    public Flow Current(in Flow flow) =>
        !flow.IsReliable && _listeners.TryGetValue(flow.Listener.Value, out var place) && place.Info.Id != flow.Listener
            ? flow with { Listener = place.Info.Id, Local = new IPEndPoint(flow.Local.Address, place.Info.Local.Port) }
            : flow;

    /// <summary>The listener of a profile and transport that can reach an address family; an Any listener of IPv6 reaches both.</summary>
    public ListenerInfo? ListenerFor(string profile, TransportKind transport, IPAddress remote)
    {
        foreach (var listener in Listeners)
        {
            if (listener.Transport == transport && (profile.Length == 0 || listener.Profile == profile)
                && (AccessList.IsIpv6(listener.Local.Address) == AccessList.IsIpv6(remote) || listener.Local.Address.Equals(IPAddress.IPv6Any)))
            {
                return listener;
            }
        }

        return null;
    }

    /// <summary>A tag: 64 random bits in hex.</summary>
    public byte[] NewTag()
    {
        Span<byte> random = stackalloc byte[8];
        Host.Random(random);
        var tag = new byte[16];
        Convert.TryToHexStringLower(random, tag, out _);
        return tag;
    }

    /// <summary>A branch: the cookie and 80 random bits.</summary>
    public string NewBranch()
    {
        Span<byte> random = stackalloc byte[10];
        Host.Random(random);
        return "z9hG4bK" + Convert.ToHexStringLower(random);
    }

    /// <summary>A Call-ID: 128 random bits as a UUID.</summary>
    public byte[] NewCallId()
    {
        Span<byte> random = stackalloc byte[16];
        Host.Random(random);
        var text = new byte[36];
        new Guid(random).TryFormat(text, out _);
        return text;
    }

    /// <summary>A random number below a bound.</summary>
    public int NextRandom(int bound)
    {
        Span<byte> random = stackalloc byte[4];
        Host.Random(random);
        return (int)(BitConverter.ToUInt32(random) % (uint)bound);
    }

    /// <summary>Host and port under which the far end of a flow reaches us.</summary>
    public void WriteSentBy(SipWriter writer, in Flow flow)
    {
        var address = LocalAddresses.Advertised(flow);
        Span<byte> text = stackalloc byte[64];
        address.TryFormat(text, out var length);
        if (AccessList.IsIpv6(address))
        {
            writer.Raw("["u8).Raw(text[..length]).Raw("]"u8);
        }
        else
        {
            writer.Raw(text[..length]);
        }

        writer.Raw(":"u8).Number(PortOf(flow));
    }

    /// <summary>Our Contact on a flow.</summary>
    public void WriteContact(SipWriter writer, string user, in Flow flow)
    {
        writer.Raw("<sip:"u8);
        if (user.Length > 0)
        {
            writer.User(user).Raw("@"u8);
        }

        WriteSentBy(writer, flow);
        switch (flow.Transport)
        {
            case TransportKind.Tcp:
                writer.Raw(";transport=tcp"u8);
                break;
            case TransportKind.Tls:
                writer.Raw(";transport=tls"u8);
                break;
            case TransportKind.Ws or TransportKind.Wss:
                writer.Raw(";transport=ws"u8);
                break;
            case TransportKind.Udp:
            default:
                break;
        }

        writer.Raw(">"u8);
    }

    /// <summary>The port that peers can connect to: of a stream that we opened, its listener's.</summary>
    private int PortOf(in Flow flow) => Listener(flow.Listener) is { Local.Port: > 0 } listener ? listener.Local.Port : flow.Local.Port;

    /// <summary>Takes the host's listeners. A number that is gone leads to the listener of the same name, for the calls that began on it.</summary>
    private void TakeListeners()
    {
        Listeners = Host.Listeners;
        foreach (var (id, place) in _listeners.ToArray())
        {
            if (Listeners.FirstOrDefault(l => l.Name == place.Info.Name) is { } info)
            {
                _listeners[id] = new Place(info, Options.Of(info.Profile));
            }
        }

        foreach (var listener in Listeners)
        {
            _listeners[listener.Id.Value] = new Place(listener, Options.Of(listener.Profile));
        }
    }

    /// <summary>A listener with the options of its profile.</summary>
    private sealed record Place(ListenerInfo Info, SipOptions Options);

    private static TransactionTimers TimersOf(SipOptions options) =>
        options.T1Ms == 500 ? TransactionTimers.Default : new TransactionTimers(TimeSpan.FromMilliseconds(options.T1Ms), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(5));
}
