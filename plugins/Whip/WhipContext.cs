using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip.Client;
using XSwitchEngine.Plugins.Whip.Http;
using XSwitchEngine.Plugins.Whip.Security;

namespace XSwitchEngine.Plugins.Whip;

/// <summary>The parts of one plugin instance and what they share.</summary>
internal sealed class WhipContext
{
    public WhipContext(IPluginHost host)
    {
        Host = host;
        Options = WhipOptions.Parse(host.Options);
        Replies = new Replies(this);
        Limiter = new SourceLimiter(this);
        Access = new Access(this);
        Sessions = new SessionTable(this);
        Endpoint = new WhipEndpoint(this);
        Requests = new SessionRequests(this);
        IceServers = new IceServers(this);
        Clients = new ClientTable(this);
    }

    public IPluginHost Host { get; }

    public WhipOptions Options { get; private set; }

    public Replies Replies { get; }

    public SourceLimiter Limiter { get; }

    public Access Access { get; }

    public SessionTable Sessions { get; }

    public WhipEndpoint Endpoint { get; }

    public SessionRequests Requests { get; }

    public IceServers IceServers { get; }

    public ClientTable Clients { get; }

    /// <summary>The last number given out; part of exported state.</summary>
    public long LastId { get; set; }

    /// <summary>Takes new options into force for what begins from now on.</summary>
    /// <param name="json">The section.</param>
    public void Configure(string json) => Options = WhipOptions.Parse(json);

    /// <summary>An id that nobody can guess: 128 random bits in hex.</summary>
    public string NewId()
    {
        Span<byte> random = stackalloc byte[16];
        Host.Random(random);
        return Convert.ToHexStringLower(random);
    }
}
