using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Whip.Client;

/// <summary>Legs toward other servers.</summary>
internal sealed class ClientTable(WhipContext context)
{
    private readonly Dictionary<LegId, ClientLeg> _byLeg = [];
    private readonly Dictionary<long, ClientLeg> _byKey = [];

    public int Count => _byKey.Count;

    public IEnumerable<ClientLeg> All => _byKey.Values;

    public ClientLeg? ByLeg(LegId leg) => _byLeg.GetValueOrDefault(leg);

    public ClientLeg? ByKey(long key) => _byKey.GetValueOrDefault(key);

    /// <summary>Makes a leg as the core wants it.</summary>
    /// <param name="command">The command.</param>
    public void Originate(LegCommand.Originate command)
    {
        if (ServerAddress.Parse(command.Target.Address) is not { } server || command.Offer is null)
        {
            context.Host.Calls.Post(new LegEvent.HungUp(command.Leg, HangupCause.InvalidUrl, 0, "whip:https://… or whep:https://… is needed", ByPeer: false));
            return;
        }

        var client = new ClientLeg(context, command.Leg, ++context.LastId);
        Add(client);
        client.Begin(server, command);
    }

    public void Add(ClientLeg client)
    {
        _byLeg[client.Leg] = client;
        _byKey[client.Key] = client;
        context.Host.Gauge("clients", _byKey.Count);
    }

    public void Remove(ClientLeg client)
    {
        _byLeg.Remove(client.Leg);
        _byKey.Remove(client.Key);
        context.Host.Gauge("clients", _byKey.Count);
    }
}
