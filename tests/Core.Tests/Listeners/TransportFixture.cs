using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Tests.Listeners;

/// <summary>Real listeners on a loop of their own, with a sink that echoes and remembers.</summary>
internal sealed class TransportFixture : ITransportSink, IDisposable
{
    private readonly ConcurrentQueue<string> _faults = new();

    public TransportFixture(string poller = "best", ConnectionLimits? limits = null, params string[] listeners)
        : this(null, poller, limits, listeners)
    {
    }

    public TransportFixture(CertificateStore? certificates, string poller, ConnectionLimits? limits, params string[] listeners)
    {
        Io = new LoopIo("test", TimeProvider.System, 10_000, (e, _) => _faults.Enqueue(e.ToString()), poller == "select" ? new SelectPoller() : null);
        Transports = new Transports(Io, TimeProvider.System, limits ?? new ConnectionLimits(), Ids, this, certificates);
        Plan = [.. (listeners.Length == 0 ? ["udp 127.0.0.1:0", "tcp 127.0.0.1:0"] : listeners).Select(Parse)];
        Assert.True(ListenerBinder.TryBind(Plan, 1 << 20, Ids, out var bound, out var error), error);
        Bound = bound;
        Io.Loop.Start();
        OnLoop(() =>
        {
            foreach (var one in bound)
            {
                Transports.Attach(one);
            }
        });
    }

    public IdSource Ids { get; } = new();

    public LoopIo Io { get; }

    public Transports Transports { get; }

    public IReadOnlyList<PlannedListener> Plan { get; }

    public IReadOnlyList<BoundListener> Bound { get; }

    public BlockingCollection<TransportEvent> Events { get; } = [];

    /// <summary>What the plugin would do; the default echoes.</summary>
    public Action<TransportFixture, TransportEvent> On { get; set; } = static (f, e) => f.Echo(e);

    public IPEndPoint Udp => Bound.First(b => b.Info.Transport == TransportKind.Udp).Info.Local;

    public IPEndPoint Tcp => Bound.First(b => b.Info.Transport == TransportKind.Tcp).Info.Local;

    public IPEndPoint At(TransportKind transport) => Bound.First(b => b.Info.Transport == transport).Info.Local;

    public static PlannedListener Parse(string text)
    {
        var words = text.Split(' ');
        Assert.True(ListenAddress.TryParse(words[1], out var address));
        return new PlannedListener(new ListenerSpec($"main-{words[0]}", "main", Enum.Parse<TransportKind>(words[0], ignoreCase: true), words[1]) { Subprotocol = words.ElementAtOrDefault(2) ?? "" }, address);
    }

    public void Deliver(in TransportEvent e)
    {
        var copy = e with { Data = e.Data.ToArray() };
        On(this, copy);
        Events.Add(copy);
    }

    public void Echo(in TransportEvent e)
    {
        if (e.Kind == TransportEventKind.Datagram)
        {
            Transports.SendDatagram(e.Listener, e.Remote!, e.Data.Span);
        }
        else if (e.Kind == TransportEventKind.Data)
        {
            Transports.Send(e.Connection, e.Data.Span);
        }
    }

    public TransportEvent Next(TransportEventKind kind)
    {
        while (Events.TryTake(out var e, TimeSpan.FromSeconds(20)))
        {
            if (e.Kind == kind)
            {
                return e;
            }
        }

        throw new TimeoutException($"no {kind} came");
    }

    public void OnLoop(Action action)
    {
        using var done = new ManualResetEventSlim();
        Exception? failed = null;
        Io.Loop.Post(_ =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failed = e;
            }

            done.Set();
        }, null);
        Assert.True(done.Wait(TimeSpan.FromSeconds(20)));
        Assert.Null(failed);
    }

    /// <summary>A blocking TCP client with a bounded wait.</summary>
    public Socket Dial()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000, SendTimeout = 20_000, NoDelay = true };
        socket.Connect(Tcp);
        return socket;
    }

    public static string Read(Socket socket, int count)
    {
        var buffer = new byte[count];
        var got = 0;
        while (got < count)
        {
            var n = socket.Receive(buffer, got, count - got, SocketFlags.None);
            if (n == 0)
            {
                break;
            }

            got += n;
        }

        return Encoding.ASCII.GetString(buffer, 0, got);
    }

    /// <summary>Reads until the peer closes.</summary>
    public static int Drain(Socket socket)
    {
        var buffer = new byte[65536];
        var total = 0;
        while (true)
        {
            try
            {
                var n = socket.Receive(buffer);
                if (n == 0)
                {
                    return total;
                }

                total += n;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
            {
                return total;
            }
        }
    }

    public void Dispose()
    {
        OnLoop(Transports.Dispose);
        Io.Dispose();
        Assert.Empty(_faults);
    }
}
