using System.Net;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.State;

namespace XSwitchEngine.Plugins.Sip.Transport;

/// <summary>Finds the servers of a name: NAPTR, then SRV, then addresses (RFC 3263 §4), each step one question to the host.</summary>
internal sealed class ServerLocator(SipContext context)
{
    private const int MaxWays = 12;
    private readonly Dictionary<long, Search> _searches = [];

    /// <summary>Searches under way.</summary>
    public int Count => _searches.Count;

    /// <summary>Begins a search; the owner is told by <c>OnLocated</c>.</summary>
    /// <param name="kind">What the owner is.</param>
    /// <param name="owner">Its number.</param>
    /// <param name="hop">What to look for; its host is a name.</param>
    /// <param name="profile">Only transports that this profile has are of use.</param>
    public void Find(TimerKind kind, long owner, in Hop hop, string profile)
    {
        var search = new Search { Id = context.NextId(), Kind = kind, Owner = owner, Host = hop.Host, Port = hop.Port, Transport = hop.Transport, Profile = profile };
        _searches[search.Id] = search;
        if (hop.Port != 0 || !hop.Host.Contains('.', StringComparison.Ordinal))
        {
            AskAddress(search, hop.Transport ?? TransportKind.Udp, hop.Host, hop.Port);
            Next(search);
        }
        else if (hop.Transport is { } transport)
        {
            search.Services.Enqueue((transport, ServiceName(transport) + hop.Host));
            Next(search);
        }
        else
        {
            search.Stage = Stage.Naptr;
            context.Host.Query(Key(search), DnsRecordKind.Naptr, hop.Host);
        }
    }

    public void OnAnswer(long id, IReadOnlyList<DnsRecord> records)
    {
        if (!_searches.TryGetValue(id, out var search))
        {
            return;
        }

        if (search.Stage == Stage.Naptr)
        {
            foreach (var record in records.Where(r => r.Kind == DnsRecordKind.Naptr).OrderBy(r => r.Order).ThenBy(r => r.Preference))
            {
                if (TransportOf(record.Service) is { } transport && Has(search, transport) && string.Equals(record.Flags, "s", StringComparison.OrdinalIgnoreCase))
                {
                    search.Services.Enqueue((transport, record.Target.TrimEnd('.')));
                }
            }

            if (search.Services.Count == 0)
            {
                foreach (var transport in (TransportKind[])[TransportKind.Udp, TransportKind.Tcp])
                {
                    if (Has(search, transport))
                    {
                        search.Services.Enqueue((transport, ServiceName(transport) + search.Host));
                    }
                }
            }
        }
        else if (search.Stage == Stage.Srv)
        {
            foreach (var record in Ordered([.. records.Where(r => r.Kind == DnsRecordKind.Srv && r.Target.Length > 1)]))
            {
                AskAddress(search, search.Current, record.Target.TrimEnd('.'), record.Port);
            }
        }

        Next(search);
    }

    /// <summary>Addresses of a name came.</summary>
    public void OnAddresses(long id, IReadOnlyList<IPAddress> addresses)
    {
        if (!_searches.TryGetValue(id, out var search) || search.Stage != Stage.Address)
        {
            return;
        }

        var port = search.CurrentPort != 0 ? search.CurrentPort : Hop.DefaultPort(search.Current);
        foreach (var address in addresses)
        {
            var way = new Way(search.Current, new IPEndPoint(address, port), search.Host);
            if (search.Ways.Count < MaxWays && !search.Ways.Contains(way))
            {
                search.Ways.Add(way);
            }
        }

        Next(search);
    }

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(_searches.Count);
        foreach (var s in _searches.Values)
        {
            writer.WriteArrayHeader(14);
            writer.Write(s.Id);
            writer.Write((byte)s.Kind);
            writer.Write(s.Owner);
            writer.WriteText(s.Host);
            writer.Write(s.Port);
            writer.Write(s.Transport is { } transport ? (int)transport : -1);
            writer.WriteText(s.Profile);
            writer.Write((byte)s.Stage);
            writer.Write((byte)s.Current);
            writer.Write(s.CurrentPort);
            writer.Write(s.HasAskedHost);
            writer.WriteArrayHeader(s.Services.Count);
            foreach (var (service, name) in s.Services)
            {
                writer.WriteArrayHeader(2);
                writer.Write((byte)service);
                writer.WriteText(name);
            }

            writer.WriteArrayHeader(s.Hosts.Count);
            foreach (var (by, host, port) in s.Hosts)
            {
                writer.WriteArrayHeader(3);
                writer.Write((byte)by);
                writer.WriteText(host);
                writer.Write(port);
            }

            writer.WriteArrayHeader(s.Ways.Count);
            foreach (var way in s.Ways)
            {
                way.Write(ref writer);
            }
        }
    }

    /// <summary>The host's answer to the question under way comes to this version.</summary>
    public void Read(ref MessagePackReader reader, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var fields = new FieldReader(ref reader);
            var (id, kind, owner) = (fields.Int64(ref reader), (TimerKind)fields.Byte(ref reader), fields.Int64(ref reader));
            var (host, port, transport, profile) = (fields.Text(ref reader), fields.Int32(ref reader), fields.Int32(ref reader), fields.Text(ref reader));
            var search = new Search { Id = id, Kind = kind, Owner = owner, Host = host, Port = port, Transport = transport < 0 ? null : (TransportKind)transport, Profile = profile };
            (search.Stage, search.Current) = ((Stage)fields.Byte(ref reader), (TransportKind)fields.Byte(ref reader));
            (search.CurrentPort, search.HasAskedHost) = (fields.Int32(ref reader), fields.Bool(ref reader));
            for (var n = fields.Array(ref reader); n > 0; n--)
            {
                var one = new FieldReader(ref reader);
                search.Services.Enqueue(((TransportKind)one.Byte(ref reader), one.Text(ref reader)));
                one.End(ref reader);
            }

            for (var n = fields.Array(ref reader); n > 0; n--)
            {
                var one = new FieldReader(ref reader);
                search.Hosts.Enqueue(((TransportKind)one.Byte(ref reader), one.Text(ref reader), one.Int32(ref reader)));
                one.End(ref reader);
            }

            for (var n = fields.Array(ref reader); n > 0; n--)
            {
                search.Ways.Add(Way.Read(ref reader));
            }

            fields.End(ref reader);
            _searches[id] = search;
        }
    }

    private static long Key(Search search) => TimerKey.Make(TimerKind.Lookup, search.Id);

    private static string ServiceName(TransportKind transport) => transport switch
    {
        TransportKind.Tls => "_sips._tcp.",
        TransportKind.Tcp => "_sip._tcp.",
        TransportKind.Udp or TransportKind.Ws or TransportKind.Wss or TransportKind.Http or TransportKind.Https => "_sip._udp.",
        _ => "_sip._udp.",
    };

    private static TransportKind? TransportOf(string service) => service.ToUpperInvariant() switch
    {
        "SIP+D2U" => TransportKind.Udp,
        "SIP+D2T" => TransportKind.Tcp,
        "SIPS+D2T" => TransportKind.Tls,
        _ => null,
    };

    private bool Has(Search search, TransportKind transport)
    {
        foreach (var listener in context.Listeners)
        {
            if (listener.Profile == search.Profile && listener.Transport == transport)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>By priority; within one, at random with the odds of the weights (RFC 2782).</summary>
    private IEnumerable<DnsRecord> Ordered(List<DnsRecord> records)
    {
        foreach (var group in records.GroupBy(r => r.Order).OrderBy(g => g.Key))
        {
            var left = group.OrderBy(r => r.Preference).ToList();
            while (left.Count > 0)
            {
                var at = context.NextRandom(left.Sum(r => r.Preference) + 1);
                var index = 0;
                for (var sum = left[0].Preference; sum < at && index < left.Count - 1; sum += left[index].Preference)
                {
                    index++;
                }

                yield return left[index];
                left.RemoveAt(index);
            }
        }
    }

    private static void AskAddress(Search search, TransportKind transport, string host, int port)
    {
        if (search.Hosts.Count < MaxWays)
        {
            search.Hosts.Enqueue((transport, host, port));
        }
    }

    private void Next(Search search)
    {
        if (search.Hosts.TryDequeue(out var host))
        {
            search.Stage = Stage.Address;
            (search.Current, search.CurrentPort) = (host.Transport, host.Port);
            context.Host.Resolve(Key(search), host.Host);
        }
        else if (search.Ways.Count == 0 && search.Services.TryDequeue(out var service))
        {
            search.Stage = Stage.Srv;
            search.Current = service.Transport;
            context.Host.Query(Key(search), DnsRecordKind.Srv, service.Name);
        }
        else if (search.Ways.Count == 0 && !search.HasAskedHost && search.Port == 0)
        {
            // No service records: the name itself at the default port (RFC 3263 §4.2).
            search.HasAskedHost = true;
            AskAddress(search, search.Transport ?? TransportKind.Udp, search.Host, 0);
            Next(search);
        }
        else
        {
            _searches.Remove(search.Id);
            if (search.Kind == TimerKind.Gateway)
            {
                context.Gateways.OnLocated(search.Owner, search.Ways);
            }
            else
            {
                context.Legs.ByKey(search.Owner)?.OnLocated(search.Ways);
            }
        }
    }

    private enum Stage
    {
        Naptr,
        Srv,
        Address,
    }

    private sealed class Search
    {
        public required long Id { get; init; }

        public required TimerKind Kind { get; init; }

        public required long Owner { get; init; }

        public required string Host { get; init; }

        public required int Port { get; init; }

        public required TransportKind? Transport { get; init; }

        public required string Profile { get; init; }

        public Stage Stage { get; set; }

        public TransportKind Current { get; set; }

        public int CurrentPort { get; set; }

        public bool HasAskedHost { get; set; }

        public Queue<(TransportKind Transport, string Name)> Services { get; } = new();

        public Queue<(TransportKind Transport, string Host, int Port)> Hosts { get; } = new();

        public List<Way> Ways { get; } = [];
    }
}
