using System.Net;
using System.Net.Sockets;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Looks names up off the loop and posts the result back. Bounded in time and number.</summary>
/// <param name="loop">The slot's loop.</param>
/// <param name="lookUp">Finds the addresses of a name; may fail by any exception.</param>
/// <param name="lookUpRecords">Finds other records of a name.</param>
/// <param name="deliver">Called on the loop.</param>
internal sealed class HostResolver(EventLoop loop, Func<string, CancellationToken, Task<IPAddress[]>> lookUp, Func<DnsRecordKind, string, CancellationToken, Task<IReadOnlyList<DnsRecord>>> lookUpRecords, Action<TransportEvent> deliver)
{
    private const int MaxRunning = 256;
    private const int MaxAddresses = 16;
    private const int MaxName = 255; // RFC 1035 §2.3.4
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private int _running;

    /// <summary>Begins a lookup; the answer always follows, later. Loop thread only.</summary>
    public void Resolve(long key, string hostName)
    {
        if (IPAddress.TryParse(hostName, out var address))
        {
            Post(key, [address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address]);
        }
        else if (hostName.Length is 0 or > MaxName || Volatile.Read(ref _running) >= MaxRunning)
        {
            Post(key, []);
        }
        else
        {
            Interlocked.Increment(ref _running);
            _ = RunAsync(key, new string(hostName.AsSpan()));
        }
    }

    /// <summary>Begins a query for records; the answer always follows, later. Loop thread only.</summary>
    public void Query(long key, DnsRecordKind kind, string name)
    {
        if (name.Length is 0 or > MaxName || Volatile.Read(ref _running) >= MaxRunning)
        {
            PostRecords(key, []);
        }
        else
        {
            Interlocked.Increment(ref _running);
            _ = QueryAsync(key, kind, new string(name.AsSpan()));
        }
    }

    private async Task QueryAsync(long key, DnsRecordKind kind, string name)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        IReadOnlyList<DnsRecord> found = [];
        try
        {
            using var bound = new CancellationTokenSource(Longest);
            found = await lookUpRecords(kind, name, bound.Token).WaitAsync(bound.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ArgumentException or InvalidOperationException)
        {
            // The empty answer says it.
        }

        Interlocked.Decrement(ref _running);
        PostRecords(key, found);
    }

    private void PostRecords(long key, IReadOnlyList<DnsRecord> records) =>
        loop.Post(static s => ((Answer)s!).Deliver(), new Answer(deliver, TransportEvent.Found(key, records.Count > MaxAddresses ? [.. records.Take(MaxAddresses)] : records)));

    private async Task RunAsync(long key, string hostName)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        IPAddress[] found = [];
        try
        {
            // Some resolvers do not heed the token, so the wait has its own bound.
            using var bound = new CancellationTokenSource(Longest);
            found = await lookUp(hostName, bound.Token).WaitAsync(bound.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ArgumentException or InvalidOperationException)
        {
            // The empty answer says it.
        }

        Interlocked.Decrement(ref _running);
        Post(key, found);
    }

    private void Post(long key, IPAddress[] addresses)
    {
        if (addresses.Length > MaxAddresses)
        {
            addresses = addresses[..MaxAddresses];
        }

        loop.Post(static s => ((Answer)s!).Deliver(), new Answer(deliver, TransportEvent.Resolved(key, addresses)));
    }

    private sealed class Answer(Action<TransportEvent> deliver, TransportEvent e)
    {
        public void Deliver() => deliver(e);
    }
}
