using System.Net;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Gateways;

/// <summary>All trunks. A reload leaves alone what did not change.</summary>
internal sealed class GatewayTable(SipContext context)
{
    private readonly Dictionary<string, Gateway> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<long, Gateway> _byId = [];
    private Dictionary<IPAddress, Gateway> _byAddress = [];

    public IEnumerable<Gateway> All => _byName.Values.OrderBy(g => g.Options.Name, StringComparer.Ordinal);

    public int Count => _byName.Count;

    public Gateway? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Starts what is configured and not there, ends what is not configured any more.</summary>
    public void Configure()
    {
        foreach (var gateway in _byName.Values.ToArray())
        {
            if (!context.Options.Gateways.TryGetValue(gateway.Options.Name, out var options) || options.Source != gateway.Options.Source)
            {
                Remove(gateway);
            }
        }

        foreach (var options in context.Options.Gateways.Values)
        {
            if (_byName.ContainsKey(options.Name))
            {
                continue;
            }

            if (!options.IsUsable || !context.Listeners.Any(l => l.Profile == options.Profile))
            {
                context.Host.Log(PluginLogLevel.Error, default, $"Gateway {options.Name}: {(options.IsUsable ? "there is no profile " + options.Profile : "malformed proxy " + options.Proxy)}");
                continue;
            }

            var gateway = new Gateway(context, context.NextId(), options);
            Add(gateway);
            gateway.Start();
        }

        Changed();
    }

    public void Remove(Gateway gateway)
    {
        gateway.Stop();
        _byName.Remove(gateway.Options.Name);
        _byId.Remove(gateway.Id);
        Changed();
    }

    /// <summary>Whether an address is one of a trunk.</summary>
    public bool Contains(IPAddress address) => _byName.Count > 0 && Find(address) is not null;

    /// <summary>The trunk that an address belongs to; the transport's source counts, never a header.</summary>
    public Gateway? Find(IPAddress address)
    {
        if (_byName.Count == 0)
        {
            return null;
        }

        address = AccessList.Plain(address);
        if (_byAddress.TryGetValue(address, out var gateway))
        {
            return gateway;
        }

        foreach (var one in _byName.Values)
        {
            if (one.Options.Acl.Contains(address))
            {
                return one;
            }
        }

        return null;
    }

    /// <summary>Addresses of a trunk changed.</summary>
    public void Changed()
    {
        var addresses = new Dictionary<IPAddress, Gateway>();
        foreach (var gateway in _byName.Values)
        {
            foreach (var way in gateway.Ways)
            {
                addresses.TryAdd(AccessList.Plain(way.Remote.Address), gateway);
            }
        }

        _byAddress = addresses;
        context.Host.Gauge("gateways", _byName.Count);
    }

    public void OnTimer(long id, TimerId timer) => _byId.GetValueOrDefault(id)?.OnTimer(timer);

    public void OnLocated(long id, IReadOnlyList<Way> ways) => _byId.GetValueOrDefault(id)?.OnLocated(ways);

    /// <summary>Tells the engine how a trunk stands.</summary>
    public void Publish(Gateway gateway) =>
        context.Host.Publish(new PluginEvent(
            "CUSTOM",
            "sofia::gateway_state",
            [
                new("Gateway", gateway.Options.Name),
                new("State", NameOf(gateway.State)),
                new("Ping-Status", gateway.IsUp ? "UP" : "DOWN"),
                new("Status", gateway.LastStatus.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ],
            null));

    public static string NameOf(GatewayState state) => state switch
    {
        GatewayState.NoReg => "NOREG",
        GatewayState.Unreged => "UNREGED",
        GatewayState.Trying => "TRYING",
        GatewayState.Reged => "REGED",
        GatewayState.FailWait => "FAIL_WAIT",
        _ => "",
    };

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(_byName.Count);
        foreach (var gateway in _byName.Values)
        {
            gateway.Write(ref writer);
        }
    }

    public void Read(ref MessagePackReader reader, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (Gateway.Read(context, ref reader) is { } gateway)
            {
                Add(gateway);
            }
        }
    }

    private void Add(Gateway gateway)
    {
        _byName[gateway.Options.Name] = gateway;
        _byId[gateway.Id] = gateway;
    }
}
