using System.Security.Cryptography;
using XSwitchEngine.Media.Dtls;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Srtp;

namespace XSwitchEngine.Media.Sessions;

/// <summary>Where the keys come from: the DTLS association, or the descriptions.</summary>
internal sealed partial class SecureTransport
{
    private const byte Handshake = 22; // content type of a record

    private bool _isClient;

    /// <summary>Whether other fingerprints than before mean that another peer is there.</summary>
    private static bool IsOtherPeer(TransportParameters former, TransportParameters now) =>
        former.RemoteFingerprints.Count > 0 && now.RemoteFingerprints.Count > 0 && !former.RemoteFingerprints.SequenceEqual(now.RemoteFingerprints);

    private void OnDtls(ReadOnlySpan<byte> packet, in NetAddress source, long nowUs)
    {
        if (_parameters.Keys != KeyAgreement.Dtls || !IsDtlsPeer(source, nowUs))
        {
            Refused++;
            return;
        }

        _source = source;
        if (_dtls is null)
        {
            // State begins with a handshake message of a peer that ICE has proven or signalling has named.
            if (packet[0] != Handshake || _parameters.Role != DtlsRole.Server || _failure is TransportFailure.Dtls or TransportFailure.Fingerprint)
            {
                Refused++;
                return;
            }

            _dtlsPeer = source;
            _dtls = leg.Core!.Dtls.Create(DtlsRole.Server, this);
            _dtls.Start(nowUs);
        }

        _dtls.Receive(packet, nowUs);
        Advance(nowUs);
        leg.Reschedule(nowUs);
    }

    /// <summary>Whether a source may do the handshake: one that ICE has proven, or without ICE the one that media may come from.</summary>
    private bool IsDtlsPeer(in NetAddress source, long nowUs) =>
        _ice is { } ice ? ice.Sources.Contains(source) : _dtls is not null ? source == _dtlsPeer : leg.MayComeFrom(source, nowUs);

    private void AdvanceDtls(long nowUs)
    {
        if (_dtls is not null && _dtls.State == DtlsState.Handshaking && _parameters.RemoteFingerprints.Count > 0 && _isClient != (_parameters.Role == DtlsRole.Client))
        {
            EndAssociation(); // the answer gave us the other part
        }

        if (_dtls is null)
        {
            var to = _ice is { } ice ? ice.Selected : leg.SignalledAddress;
            if (_parameters.Role == DtlsRole.Client && to.IsUsable && _failure == 0)
            {
                _dtlsPeer = to;
                _isClient = true;
                _dtls = leg.Core!.Dtls.Create(DtlsRole.Client, this);
                _dtls.Start(nowUs);
                leg.Reschedule(nowUs);
            }

            return;
        }

        switch (_dtls.State)
        {
            case DtlsState.Failed when _failure == 0 && !_isUp:
                Fail(TransportFailure.Dtls, _dtls.Error);
                break;
            case DtlsState.Established when _in is null && _failure is 0 or TransportFailure.Ice:
                TakeExported();
                break;
            case DtlsState.Established or DtlsState.Failed or DtlsState.Handshaking or DtlsState.Closed:
            default:
                break;
        }
    }

    /// <summary>The keys of a finished handshake; they wait for the fingerprint when it is not known yet.</summary>
    private void TakeExported()
    {
        var profile = _dtls!.Profile;
        if (profile is not (SrtpProfile.Gcm or SrtpProfile.Sha1Tag80))
        {
            Fail(TransportFailure.Dtls, "the peer does not offer an SRTP profile of ours");
            return;
        }

        Span<byte> keys = stackalloc byte[2 * (SrtpProfiles.KeyLength + profile.SaltLength())];
        var local = keys[..(keys.Length / 2)];
        var remote = keys[(keys.Length / 2)..];
        if (!_dtls.TryExport(local, remote))
        {
            Fail(TransportFailure.Dtls, "no keys");
            return;
        }

        _out = SrtpContext.Create(profile, sends: true, local);
        _in = SrtpContext.Create(profile, sends: false, remote);
        CryptographicOperations.ZeroMemory(keys);
    }

    /// <summary>Whether the peer's certificate has an announced fingerprint. None announced yet is neither right nor wrong.</summary>
    private bool IsPeerProven()
    {
        if (_parameters.Keys != KeyAgreement.Dtls)
        {
            return true;
        }

        if (_parameters.RemoteFingerprints.Count == 0 || _dtls?.PeerCertificate is not { } certificate)
        {
            return false;
        }

        if (DtlsCertificate.Matches(certificate, _parameters.RemoteFingerprints))
        {
            return true;
        }

        Fail(TransportFailure.Fingerprint, "the peer's certificate is not the announced one");
        return false;
    }

    private void EndAssociation()
    {
        _dtls?.Dispose();
        _in?.Dispose();
        _out?.Dispose();
        (_dtls, _in, _out, _dtlsPeer, _isClient) = (null, null, null, default, false);
        (_isUp, _isLost, _failure, _failureText) = (false, false, 0, "");
    }

    /// <summary>The keys of the descriptions; a key that stays keeps its counters.</summary>
    private void TakeKeys(TransportParameters former)
    {
        if (_out is null || former.LocalKey != _parameters.LocalKey)
        {
            _out?.Dispose();
            _out = Make(_parameters.LocalKey, sends: true);
        }

        if (_in is null || former.RemoteKey != _parameters.RemoteKey)
        {
            _in?.Dispose();
            _in = Make(_parameters.RemoteKey, sends: false);
        }

        _isUp &= _in is not null && _out is not null;
        if (_failure == 0 && ((_parameters.LocalKey is not null && _out is null) || (_parameters.RemoteKey is not null && _in is null)))
        {
            Fail(TransportFailure.Keys, "a suite or key length that is not possible");
        }
    }

    private static SrtpContext? Make(SdesKey? key, bool sends) =>
        key is null ? null : SrtpContext.Create(SrtpProfiles.OfSuite(key.Suite), sends, key.KeyAndSalt);
}
