namespace XSwitchEngine.Media.Dtls;

/// <summary>One handshake with ourselves, so that the first peer does not wait while code is compiled and libraries are loaded.</summary>
internal static class DtlsWarmUp
{
    private const int LongestWaitMs = 30_000;

    private static int _begun;

    /// <summary>Makes it on a thread of its own, once in a process.</summary>
    /// <returns>The thread, which uses the factory until it ends; null when it is not needed.</returns>
    public static Thread? Begin(IDtlsFactory factory)
    {
        if (Interlocked.Exchange(ref _begun, 1) != 0)
        {
            return null;
        }

        var thread = new Thread(() => Run(factory)) { IsBackground = true, Name = "dtls-warm-up" };
        thread.Start();
        return thread;
    }

    /// <summary>Makes it on this thread.</summary>
    /// <returns>Whether both sides agree on keys.</returns>
    public static bool Run(IDtlsFactory factory)
    {
        var (toServer, toClient) = (new Pipe(), new Pipe());
        var spin = default(SpinWait);
        using var server = factory.Create(DtlsRole.Server, toClient);
        using var client = factory.Create(DtlsRole.Client, toServer);
        server.Start(0);
        client.Start(0);
        var begin = Environment.TickCount64;
        while ((server.State == DtlsState.Handshaking || client.State == DtlsState.Handshaking) && Environment.TickCount64 - begin < LongestWaitMs)
        {
            var nowUs = (Environment.TickCount64 - begin) * 1000;
            var moved = toServer.Deliver(server, nowUs) | toClient.Deliver(client, nowUs);
            server.Tick(nowUs);
            client.Tick(nowUs);
            if (!moved)
            {
                spin.SpinOnce();
            }
        }

        Span<byte> local = stackalloc byte[Srtp.SrtpProfiles.KeyLength + 14], remote = stackalloc byte[Srtp.SrtpProfiles.KeyLength + 14];
        return client.TryExport(local, remote) && server.TryExport(local, remote);
    }

    private sealed class Pipe : IDtlsOutput
    {
        private readonly Queue<byte[]> _datagrams = new();

        public void SendDtls(ReadOnlySpan<byte> datagram) => _datagrams.Enqueue(datagram.ToArray());

        public void WakeDtls()
        {
            // It is looked at all the time.
        }

        public bool Deliver(IDtlsSession to, long nowUs)
        {
            var moved = false;
            while (_datagrams.TryDequeue(out var datagram))
            {
                to.Receive(datagram, nowUs);
                moved = true;
            }

            return moved;
        }
    }
}
