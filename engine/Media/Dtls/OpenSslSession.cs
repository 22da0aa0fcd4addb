using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using XSwitchEngine.Media.Srtp;
using static XSwitchEngine.Media.Dtls.LibSsl;

namespace XSwitchEngine.Media.Dtls;

/// <summary>One association by OpenSSL over memory.</summary>
/// <remarks>
/// OpenSSL times its repetitions by a clock of its own; the caller's time decides when it is asked, and when the handshake has taken too long.
/// Memory keeps no borders between datagrams: one goes in at a time, and what comes out is cut at the borders of records.
/// </remarks>
internal sealed unsafe class OpenSslSession : IDtlsSession
{
    private const int RecordHeader = 13;
    private const int LongestFlight = 16 * 1024;

    // A flight is handed on before the next call, so threads share nothing and sessions need no buffer each.
    [ThreadStatic]
    private static byte[]? _flight;

    private readonly IDtlsOutput _output;
    private readonly bool _isServer;
    private readonly nint _received;
    private readonly nint _sent;
    private nint _ssl;
    private long _startedUs;
    private int _datagrams;

    public OpenSslSession(nint context, DtlsRole role, IDtlsOutput output)
    {
        _output = output;
        _isServer = role == DtlsRole.Server;
        _ssl = SSL_new(context);
        _received = BIO_new(BIO_s_mem());
        _sent = BIO_new(BIO_s_mem());
        if (_ssl == 0 || _received == 0 || _sent == 0)
        {
            throw new InvalidOperationException("no memory for a DTLS session");
        }

        // Nothing there means later, not the end.
        _ = BIO_ctrl(_received, CtrlMemEofReturn, -1, null);
        _ = BIO_ctrl(_sent, CtrlMemEofReturn, -1, null);
        SSL_set_bio(_ssl, _received, _sent); // which owns them from here on
        _ = SSL_ctrl(_ssl, CtrlSetMtu, DtlsLimits.LongestDatagram, null);
        DTLS_set_timer_cb(_ssl, &NextTimeout);
        if (_isServer)
        {
            SSL_set_accept_state(_ssl);
        }
        else
        {
            SSL_set_connect_state(_ssl);
        }
    }

    ~OpenSslSession() => Free();

    /// <inheritdoc/>
    public DtlsState State { get; private set; }

    /// <inheritdoc/>
    public byte[]? PeerCertificate { get; private set; }

    /// <inheritdoc/>
    public SrtpProfile Profile { get; private set; }

    /// <inheritdoc/>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <inheritdoc/>
    public string Error { get; private set; } = "";

    /// <inheritdoc/>
    public void Start(long nowUs)
    {
        _startedUs = nowUs;
        Advance(nowUs);
    }

    /// <inheritdoc/>
    public void Receive(ReadOnlySpan<byte> datagram, long nowUs)
    {
        if (_ssl == 0 || State is DtlsState.Failed or DtlsState.Closed || datagram.IsEmpty)
        {
            return;
        }

        if (State == DtlsState.Handshaking && ++_datagrams > DtlsLimits.MostDatagrams)
        {
            Fail("the peer sent too much");
            return;
        }

        fixed (byte* data = datagram)
        {
            _ = BIO_write(_received, data, datagram.Length);
        }

        Advance(nowUs);
    }

    /// <inheritdoc/>
    public void Tick(long nowUs)
    {
        if (_ssl == 0 || nowUs < DueUs || State != DtlsState.Handshaking)
        {
            return;
        }

        if (nowUs - _startedUs >= DtlsLimits.HandshakeUs)
        {
            Fail("not finished in time");
            return;
        }

        ERR_clear_error();
        if (SSL_ctrl(_ssl, CtrlHandleTimeout, 0, null) < 0)
        {
            Fail(OpenSslDtls.LastError());
            return;
        }

        Flush();
        FindDue(nowUs);
    }

    /// <inheritdoc/>
    public void Close()
    {
        if (_ssl != 0 && State == DtlsState.Established)
        {
            State = DtlsState.Closed;
            _ = SSL_shutdown(_ssl);
            Flush();
        }
    }

    /// <inheritdoc/>
    public bool TryExport(Span<byte> local, Span<byte> remote)
    {
        if (State != DtlsState.Established || Profile == SrtpProfile.None)
        {
            return false;
        }

        Span<byte> exported = stackalloc byte[2 * (SrtpProfiles.KeyLength + Profile.SaltLength())];
        var label = "EXTRACTOR-dtls_srtp"u8;
        fixed (byte* to = exported, name = label)
        {
            if (SSL_export_keying_material(_ssl, to, exported.Length, name, label.Length, null, 0, 0) != 1)
            {
                return false;
            }
        }

        DtlsLimits.Split(exported, Profile, _isServer, local, remote);
        CryptographicOperations.ZeroMemory(exported);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Advance(long nowUs)
    {
        ERR_clear_error(); // the queue belongs to the thread: what others left there is not ours
        if (State == DtlsState.Handshaking)
        {
            var result = SSL_do_handshake(_ssl);
            if (result == 1)
            {
                Finish();
            }
            else if (SSL_get_error(_ssl, result) is not ErrorWantRead)
            {
                Fail(OpenSslDtls.LastError());
                return;
            }
        }

        if (State == DtlsState.Established)
        {
            Read();
        }

        Flush();
        FindDue(nowUs);
    }

    /// <summary>After the handshake: repeats our last flight when the peer repeats its own, and notices its goodbye. There is no data.</summary>
    private void Read()
    {
        var buffer = stackalloc byte[2048];
        int result;
        do
        {
            result = SSL_read(_ssl, buffer, 2048);
        }
        while (result > 0);
        if (SSL_get_error(_ssl, result) == ErrorZeroReturn)
        {
            State = DtlsState.Closed;
        }
    }

    private void Finish()
    {
        var certificate = SSL_get1_peer_certificate(_ssl);
        if (certificate == 0)
        {
            Fail("the peer has no certificate");
            return;
        }

        var length = i2d_X509(certificate, null);
        if (length > 0)
        {
            PeerCertificate = new byte[length];
            fixed (byte* der = PeerCertificate)
            {
                var to = der;
                _ = i2d_X509(certificate, &to);
            }
        }

        X509_free(certificate);
        var profile = SSL_get_selected_srtp_profile(_ssl);
        Profile = profile is null ? SrtpProfile.None : (SrtpProfile)profile->Id;
        State = DtlsState.Established;
    }

    private void Fail(string error)
    {
        Flush(); // the alert that tells the peer
        State = DtlsState.Failed;
        Error = error;
        DueUs = long.MaxValue;
    }

    private void FindDue(long nowUs)
    {
        DueUs = long.MaxValue;
        if (State != DtlsState.Handshaking)
        {
            return;
        }

        // A timeval: two C longs, which on Windows have 32 bits.
        var time = stackalloc long[2] { 0, 0 };
        var remaining = DtlsLimits.HandshakeUs;
        if (SSL_ctrl(_ssl, CtrlGetTimeout, 0, time) == 1)
        {
            remaining = OperatingSystem.IsWindows()
                ? (((int*)time)[0] * 1_000_000L) + ((int*)time)[1]
                : (time[0] * 1_000_000) + time[1];
        }

        DueUs = Math.Min(nowUs + Math.Max(remaining, 1000), _startedUs + DtlsLimits.HandshakeUs);
    }

    /// <summary>Hands out what OpenSSL wrote, as few datagrams as fit.</summary>
    private void Flush()
    {
        var pending = (int)Math.Min(BIO_ctrl_pending(_sent), LongestFlight);
        if (pending == 0)
        {
            return;
        }

        var flight = _flight ??= new byte[LongestFlight];
        fixed (byte* to = flight)
        {
            pending = Math.Max(0, BIO_read(_sent, to, pending));
        }

        var begin = 0;
        var end = 0;
        while (end + RecordHeader <= pending)
        {
            var next = end + RecordHeader + BinaryPrimitives.ReadUInt16BigEndian(flight.AsSpan(end + RecordHeader - 2));
            if (next - begin > DtlsLimits.LongestDatagram && end > begin)
            {
                _output.SendDtls(flight.AsSpan(begin, end - begin));
                begin = end;
            }

            end = Math.Min(next, pending);
        }

        if (end > begin)
        {
            _output.SendDtls(flight.AsSpan(begin, end - begin));
        }
    }

    private void Free()
    {
        if (_ssl != 0)
        {
            SSL_free(_ssl);
            _ssl = 0;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static uint NextTimeout(nint ssl, uint lastUs) =>
        lastUs == 0 ? DtlsLimits.FirstRetransmissionMs * 1000u : Math.Min(lastUs * 2, DtlsLimits.LastRetransmissionMs * 1000u);
}
