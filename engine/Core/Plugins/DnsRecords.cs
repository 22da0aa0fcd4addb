using System.Net;
using System.Net.Sockets;
using DnsClient;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Asks the system's name servers for NAPTR and SRV records. Any thread.</summary>
/// <remarks>Answers are kept for their time to live. The servers are looked for at the first query, so that an engine without any starts all the same.</remarks>
internal sealed class DnsRecords(IReadOnlyList<IPEndPoint> servers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);
    private readonly Lazy<LookupClient> _client = new(() => new LookupClient(Options(servers)));

    /// <summary>Finds the records of a name; none when there are none, or nobody answers.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="name">The name.</param>
    /// <param name="cancellation">Bounds the wait.</param>
    public async Task<IReadOnlyList<DnsRecord>> FindAsync(DnsRecordKind kind, string name, CancellationToken cancellation)
    {
        try
        {
            var answer = await _client.Value.QueryAsync(name, kind == DnsRecordKind.Srv ? QueryType.SRV : QueryType.NAPTR, cancellationToken: cancellation);
            return kind == DnsRecordKind.Srv
                ? [.. answer.Answers.SrvRecords().Select(r => new DnsRecord(kind, r.Priority, r.Weight, Plain(r.Target.Value)) { Port = r.Port })]
                : [.. answer.Answers.NAPtrRecords().Select(r => new DnsRecord(kind, r.Order, r.Preference, Plain(r.Replacement.Value)) { Flags = r.Flags, Service = r.Services })];
        }
        catch (DnsResponseException)
        {
            return [];
        }
        catch (SocketException)
        {
            return [];
        }
    }

    private static string Plain(string name) => name.TrimEnd('.');

    private static LookupClientOptions Options(IReadOnlyList<IPEndPoint> servers) => new(servers.Count > 0 ? [.. servers] : [.. NameServer.ResolveNameServers(skipIPv6SiteLocal: true, fallbackToGooglePublicDns: false)])
    {
        Timeout = Patience,
        Retries = 1,
        ContinueOnDnsError = false,
        ThrowDnsErrors = false,
        UseCache = true,
        CacheFailedResults = true,
        FailedResultsCacheDuration = TimeSpan.FromSeconds(10),
    };
}
