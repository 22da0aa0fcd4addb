using System.Net;
using System.Net.Sockets;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Web;

/// <summary>The sockets of the shared HTTP listeners, bound before anything is served, so that plugins know their ports.</summary>
public sealed class SharedListeners : IDisposable
{
    private readonly List<(TransportKind Kind, Socket Socket)> _sockets = [];

    /// <summary>Where plain HTTP is; null when it is off.</summary>
    public IPEndPoint? Http { get; private set; }

    /// <summary>Where HTTP in TLS is; null when it is off.</summary>
    public IPEndPoint? Https { get; private set; }

    /// <summary>Binds.</summary>
    /// <param name="address">An address, or <c>*</c> for all.</param>
    /// <param name="port">Port of plain HTTP; 0 lets the system choose, null for none.</param>
    /// <param name="tlsPort">Port of HTTP in TLS; 0 lets the system choose, null for none.</param>
    /// <exception cref="IOException">One cannot be bound; the message names it.</exception>
    public static SharedListeners Bind(string address, int? port, int? tlsPort)
    {
        var all = new SharedListeners();
        try
        {
            all.Http = all.Bind("http", TransportKind.Http, address, port);
            all.Https = all.Bind("https", TransportKind.Https, address, tlsPort);
            return all;
        }
        catch
        {
            all.Dispose();
            throw;
        }
    }

    /// <summary>Takes the sockets; they are the caller's from now on.</summary>
    /// <returns>Handles of listening sockets with what is spoken on them.</returns>
    public IReadOnlyList<(TransportKind Kind, ulong Handle)> Take()
    {
        var handles = _sockets.ConvertAll(static s =>
        {
            var handle = (ulong)s.Socket.SafeHandle.DangerousGetHandle();
            s.Socket.SafeHandle.SetHandleAsInvalid();
            return (s.Kind, handle);
        });
        _sockets.Clear();
        return handles;
    }

    /// <summary>Closes what was not taken.</summary>
    public void Dispose()
    {
        foreach (var (_, socket) in _sockets)
        {
            socket.Dispose();
        }

        _sockets.Clear();
    }

    private IPEndPoint? Bind(string name, TransportKind kind, string address, int? port)
    {
        if (port is not { } number)
        {
            return null;
        }

        _ = ListenAddress.TryParseHost(address, out var at);
        var plan = new PlannedListener(new ListenerSpec(name, name, TransportKind.Tcp, ""), new ListenAddress(at, number));
        if (!ListenerBinder.TryBind([plan], 0, new IdSource(), out var bound, out var error))
        {
            throw new IOException($"{name} {address}:{number} cannot be bound: {error[(error.LastIndexOf(": ", StringComparison.Ordinal) + 2)..]} (Http:{(kind == TransportKind.Http ? "Port" : "TlsPort")} chooses another port)");
        }

        _sockets.Add((kind, bound[0].Socket!));
        return bound[0].Info.Local;
    }
}
