using System.Collections.Concurrent;
using Org.BouncyCastle.Tls;
using XSwitchEngine.Media.Srtp;

namespace XSwitchEngine.Media.Dtls;

/// <summary>One association in managed code: the handshake on a thread of its own, all else on the loop.</summary>
internal sealed class ManagedSession(ManagedDtls dtls, DtlsRole role, IDtlsOutput output) : IDtlsSession
{
    private readonly Wire _wire = new(output);
    private long _startedUs;
    private int _datagrams;
    private volatile bool _isDone;
    private string _threadError = "";
    private ManagedResult? _result;
    private DtlsTransport? _transport;
    private Func<bool> _isClosed = static () => false;

    /// <inheritdoc/>
    public DtlsState State { get; private set; }

    /// <inheritdoc/>
    public byte[]? PeerCertificate => State is DtlsState.Established or DtlsState.Closed ? _result?.PeerCertificate : null;

    /// <inheritdoc/>
    public SrtpProfile Profile => _result?.Profile ?? SrtpProfile.None;

    /// <inheritdoc/>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <inheritdoc/>
    public string Error { get; private set; } = "";

    /// <inheritdoc/>
    public void Start(long nowUs)
    {
        _startedUs = nowUs;
        DueUs = nowUs + DtlsLimits.HandshakeUs;
        dtls.Run(this);
    }

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> datagram, long nowUs)
    {
        if (State is DtlsState.Failed or DtlsState.Closed)
        {
            return;
        }

        if (State == DtlsState.Handshaking && ++_datagrams > DtlsLimits.MostDatagrams)
        {
            Fail("the peer sent too much");
            return;
        }

        _wire.Add(datagram);
        Tick(nowUs);
        if (State == DtlsState.Established)
        {
            Read();
        }
    }

    /// <inheritdoc/>
    public void Tick(long nowUs)
    {
        _wire.HandOut();
        if (State != DtlsState.Handshaking)
        {
            return;
        }

        if (_isDone)
        {
            DueUs = long.MaxValue;
            if (_result is { PeerCertificate: not null })
            {
                State = DtlsState.Established;
            }
            else
            {
                Fail(_threadError.Length > 0 ? _threadError : "the peer has no certificate");
            }
        }
        else if (nowUs - _startedUs >= DtlsLimits.HandshakeUs)
        {
            Fail("not finished in time");
        }
    }

    /// <inheritdoc/>
    public void Close()
    {
        if (State == DtlsState.Established)
        {
            State = DtlsState.Closed;
            try
            {
                _transport?.Close();
            }
            catch (IOException)
            {
                // The goodbye is a courtesy.
            }

            _wire.HandOut();
        }
    }

    /// <inheritdoc/>
    public bool TryExport(Span<byte> local, Span<byte> remote)
    {
        if (State != DtlsState.Established || Profile == SrtpProfile.None)
        {
            return false;
        }

        DtlsLimits.Split(_result!.Keys, Profile, role == DtlsRole.Server, local, remote);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _wire.End();
        if (State == DtlsState.Handshaking)
        {
            State = DtlsState.Failed;
        }
    }

    /// <summary>The whole handshake; blocks.</summary>
    public void Handshake()
    {
        try
        {
            if (role == DtlsRole.Server)
            {
                var server = new ManagedServer(dtls);
                _transport = new DtlsServerProtocol { VerifyRequests = false }.Accept(server, _wire);
                (_result, _isClosed) = (server.Result, () => server.IsClosed);
            }
            else
            {
                var client = new ManagedClient(dtls);
                _transport = new DtlsClientProtocol().Connect(client, _wire);
                (_result, _isClosed) = (client.Result, () => client.IsClosed);
            }
        }
        catch (Exception e)
        {
            // Whatever the peer sent, it ends this handshake and nothing else; what it was is told by Error.
            _threadError = e.Message;
        }

        _wire.EndHandshake();
        _isDone = true;
        output.WakeDtls();
    }

    /// <summary>After the handshake: repeats our last flight when the peer repeats its own, and notices its goodbye.</summary>
    private void Read()
    {
        Span<byte> buffer = stackalloc byte[2048];
        try
        {
            while (_transport!.Receive(buffer, 1) >= 0)
            {
            }
        }
        catch (IOException)
        {
            State = DtlsState.Closed;
        }

        State = _isClosed() ? DtlsState.Closed : State;
        _wire.HandOut();
    }

    private void Fail(string error)
    {
        _wire.HandOut();
        _wire.End();
        (State, Error, DueUs) = (DtlsState.Failed, error, long.MaxValue);
    }

    /// <summary>Datagrams between the loop and the handshake's thread; what the thread writes one after the other goes out as few datagrams.</summary>
    private sealed class Wire(IDtlsOutput output) : DatagramTransport
    {
        private const int MostWaiting = 64;

        private readonly Queue<byte[]> _in = new(); // guarded by itself: the thread sleeps on it
        private readonly ConcurrentQueue<byte[]> _out = new();
        private readonly byte[] _flight = new byte[DtlsLimits.LongestDatagram];
        private int _length;
        private volatile bool _isHandshakeOver;
        private volatile bool _isEnded;

        public void Add(ReadOnlySpan<byte> datagram)
        {
            lock (_in)
            {
                if (_in.Count < MostWaiting)
                {
                    _in.Enqueue(datagram.ToArray());
                    Monitor.Pulse(_in);
                }
            }
        }

        public void HandOut()
        {
            while (_out.TryDequeue(out var datagram))
            {
                output.SendDtls(datagram);
            }
        }

        public void End()
        {
            lock (_in)
            {
                _isEnded = true;
                Monitor.Pulse(_in);
            }
        }

        public void EndHandshake()
        {
            Flush();
            _isHandshakeOver = true;
        }

        public int GetReceiveLimit() => 1500;

        public int GetSendLimit() => DtlsLimits.LongestDatagram;

        public int Receive(byte[] buf, int off, int len, int waitMillis) => Receive(buf.AsSpan(off, len), waitMillis);

        public int Receive(Span<byte> buffer, int waitMillis)
        {
            Flush();
            byte[]? datagram;
            lock (_in)
            {
                if (_in.Count == 0 && !_isEnded && !_isHandshakeOver)
                {
                    _ = Monitor.Wait(_in, waitMillis == 0 ? Timeout.Infinite : waitMillis);
                }

                if (_isEnded && !_isHandshakeOver)
                {
                    throw new TlsFatalAlert(AlertDescription.user_canceled);
                }

                if (!_in.TryDequeue(out datagram))
                {
                    return -1;
                }
            }

            if (datagram.Length > buffer.Length)
            {
                return -1;
            }

            datagram.CopyTo(buffer);
            return datagram.Length;
        }

        public void Send(byte[] buf, int off, int len) => Send(buf.AsSpan(off, len));

        public void Send(ReadOnlySpan<byte> buffer)
        {
            if (_length + buffer.Length > _flight.Length)
            {
                Flush();
            }

            if (buffer.Length > _flight.Length)
            {
                return;
            }

            buffer.CopyTo(_flight.AsSpan(_length));
            _length += buffer.Length;
            if (_isHandshakeOver)
            {
                Flush();
            }
        }

        public void Close()
        {
            // The session closes.
        }

        private void Flush()
        {
            if (_length > 0)
            {
                _out.Enqueue(_flight.AsSpan(0, _length).ToArray());
                _length = 0;
                if (!_isHandshakeOver)
                {
                    output.WakeDtls();
                }
            }
        }
    }
}
