using XSwitchEngine.Media.Dtls;
using XSwitchEngine.Media.Srtp;

namespace XSwitchEngine.Media.Sessions;

/// <summary>What a transport is doing, in words.</summary>
internal sealed partial class SecureTransport
{
    /// <summary>One line for people. Any thread: a value may be a moment old.</summary>
    public string Describe()
    {
        var parts = new List<string>();
        if (_ice is { } ice)
        {
            parts.Add(ice.Selected.IsUsable ? (_isLost ? $"ICE lost: no check from {ice.Selected.ToEndPoint()} for 30 seconds" : $"ICE with {ice.Selected.ToEndPoint()}")
                : ice.Checks is not null && ice.Sources.Count == 0 && _parameters.RemoteIce is not null ? $"ICE: none of the peer's {_parameters.RemoteCandidates.Count} candidates that can be reached has answered"
                : ice.LastCheckUs != 0 ? "ICE: checks arrive, the peer has not nominated one"
                : ice.Refused > 0 ? $"ICE: {ice.Refused} checks with wrong credentials"
                : _parameters.RemoteIce is null ? "ICE: waiting for the peer's description"
                : "ICE: no check of the peer has arrived");
        }

        switch (_parameters.Keys)
        {
            case KeyAgreement.Dtls:
                parts.Add(DescribeDtls());
                break;
            case KeyAgreement.Sdes:
                parts.Add(_isUp ? $"SDES {_in?.Profile.SuiteName()}" : _failure == TransportFailure.Keys ? "SDES: " + _failureText : "SDES: waiting for the peer's key");
                break;
            case KeyAgreement.None:
            default:
                parts.Add("not encrypted");
                break;
        }

        if (Refused > 0)
        {
            parts.Add($"{Refused} packets refused");
        }

        return string.Join("; ", parts);
    }

    private string DescribeDtls()
    {
        if (_failure == TransportFailure.Fingerprint)
        {
            return "DTLS: WRONG FINGERPRINT, " + _failureText;
        }

        return _dtls switch
        {
            null when _failure == TransportFailure.Dtls => "DTLS failed: " + _failureText,
            null => _parameters.Role == DtlsRole.Server ? "DTLS: the peer has not begun (is a=setup right?)" : "DTLS: waits for the peer's address",
            { State: DtlsState.Handshaking } when _failure == TransportFailure.Dtls => "DTLS failed: " + _failureText,
            { State: DtlsState.Handshaking } => "DTLS: handshake under way",
            { State: DtlsState.Failed } dtls => "DTLS failed: " + dtls.Error,
            { State: DtlsState.Closed } => "DTLS: the peer has closed the association",
            _ when _isUp => $"DTLS-SRTP {_in?.Profile.SuiteName()}, fingerprint right",
            _ when _parameters.RemoteFingerprints.Count == 0 => "DTLS done, waiting for the peer's fingerprint",
            _ => "DTLS done, waiting for ICE",
        };
    }
}
