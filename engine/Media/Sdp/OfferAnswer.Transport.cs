using System.Net;

namespace XSwitchEngine.Media;

/// <content>Transports: plain, SDES, DTLS, ICE.</content>
public static partial class OfferAnswer
{
    private static bool IsPlain(string protocol) =>
        protocol.Equals("RTP/AVP", StringComparison.OrdinalIgnoreCase) || protocol.Equals("RTP/AVPF", StringComparison.OrdinalIgnoreCase);

    /// <summary>SRTP in any spelling; old WebRTC writes RTP/SAVPF and means DTLS.</summary>
    private static bool IsSecure(string protocol) =>
        protocol.Equals("UDP/TLS/RTP/SAVPF", StringComparison.OrdinalIgnoreCase) || protocol.Equals("RTP/SAVPF", StringComparison.OrdinalIgnoreCase)
        || protocol.Equals("RTP/SAVP", StringComparison.OrdinalIgnoreCase) || protocol.Equals("UDP/TLS/RTP/SAVP", StringComparison.OrdinalIgnoreCase);

    private static bool SameFamily(string a, string b) => (IsPlain(a) && IsPlain(b)) || (IsSecure(a) && IsSecure(b));

    private static bool TryOfferedTransport(LocalCapability local, MediaDescription media, NegotiatedSession? previous, out TransportParameters? transport, out string reason)
    {
        transport = null;
        reason = "";
        if (IsPlain(media.Protocol))
        {
            if (previous?.Transport is not null)
            {
                reason = "the session is encrypted and stays so";
            }

            return reason.Length == 0;
        }

        if (!IsSecure(media.Protocol))
        {
            reason = $"unknown transport {media.Protocol}";
        }
        else if (media.Fingerprints.Count > 0)
        {
            transport = OfferedDtls(local, media, previous, out reason);
        }
        else if (media.Protocol.Contains("TLS", StringComparison.OrdinalIgnoreCase))
        {
            reason = $"no usable a=fingerprint for {media.Protocol}";
        }
        else if (local.Keys.Count == 0)
        {
            reason = $"encrypted media ({media.Protocol}) is not supported on this leg";
        }
        else
        {
            transport = OfferedKey(local, media, out reason);
        }

        return transport is not null;
    }

    private static TransportParameters? OfferedKey(LocalCapability local, MediaDescription media, out string reason)
    {
        foreach (var theirs in media.Crypto) // their order is their preference (RFC 4568 §5.1.2)
        {
            foreach (var ours in local.Keys)
            {
                if (ours.Suite == theirs.Suite)
                {
                    reason = "";
                    return new TransportParameters { Keys = KeyAgreement.Sdes, LocalKey = ours with { Tag = theirs.Tag }, RemoteKey = theirs };
                }
            }
        }

        reason = $"no usable a=crypto for {media.Protocol}";
        return null;
    }

    private static TransportParameters? OfferedDtls(LocalCapability local, MediaDescription media, NegotiatedSession? previous, out string reason)
    {
        var ice = media.Ice is not null;
        reason = local.Fingerprint is null || (ice && local.Ice is null) ? $"encrypted media ({media.Protocol}) is not supported on this leg"
            : media.Setup is not ("" or "actpass" or "active" or "passive") ? $"a=setup:{media.Setup} cannot be answered"
            : ice && !media.RtcpMux ? "a=rtcp-mux is needed with ICE"
            : "";
        if (reason.Length > 0)
        {
            return null;
        }

        // An association that goes on keeps its roles; a new one lets the peer begin (it then has our choice of cipher, and no need to wait).
        var before = previous?.Transport is { Keys: KeyAgreement.Dtls } t && t.RemoteFingerprints.SequenceEqual(media.Fingerprints) ? t : null;
        var role = media.Setup switch
        {
            "active" => DtlsRole.Server,
            "passive" => DtlsRole.Client,
            _ => before?.Role ?? DtlsRole.Server,
        };
        var restarts = ice && previous?.Transport?.RemoteIce is { } known && known != media.Ice;
        return new TransportParameters
        {
            Keys = KeyAgreement.Dtls,
            LocalIce = ice ? restarts ? local.NextIce ?? local.Ice : local.Ice : null,
            RemoteIce = media.Ice,
            ControlsIce = ice && local.ControlsIce,
            RemoteCandidates = ice && local.ControlsIce ? Reachable(local, media) : [],
            RemoteFingerprints = media.Fingerprints,
            Role = role,
        };
    }

    private static bool TryAnsweredTransport(LocalCapability local, MediaDescription offered, MediaDescription media, NegotiatedSession? previous, out TransportParameters? transport, out string reason)
    {
        transport = null;
        reason = "";
        if (IsPlain(offered.Protocol))
        {
            return true;
        }

        if (offered.Fingerprints.Count == 0)
        {
            var theirs = media.Crypto.Count > 0 ? media.Crypto[0] : null;
            var ours = theirs is null ? null : local.Keys.FirstOrDefault(k => k.Tag == theirs.Tag && k.Suite == theirs.Suite);
            if (ours is null)
            {
                reason = "no a=crypto of ours in the answer";
                return false;
            }

            transport = new TransportParameters { Keys = KeyAgreement.Sdes, LocalKey = ours, RemoteKey = theirs };
            return true;
        }

        if (media.Fingerprints.Count == 0)
        {
            reason = "no usable a=fingerprint in the answer";
        }
        else if (offered.Ice is not null && (media.Ice is null || !media.RtcpMux))
        {
            reason = media.Ice is null ? "no ICE credentials in the answer" : "no a=rtcp-mux in the answer";
        }
        else
        {
            transport = new TransportParameters
            {
                Keys = KeyAgreement.Dtls,
                LocalIce = offered.Ice,
                RemoteIce = offered.Ice is null ? null : media.Ice,
                ControlsIce = offered.Ice is not null && local.ControlsIce,
                RemoteCandidates = offered.Ice is not null && local.ControlsIce ? Reachable(local, media) : [],
                RemoteFingerprints = media.Fingerprints,
                Role = media.Setup == "passive" ? DtlsRole.Client : DtlsRole.Server,
            };
        }

        return transport is not null;
    }

    /// <summary>The peer's candidates that a check from here can and may go to: of our address's family; never a group's; this machine's or this link's only when we are there ourselves.</summary>
    private static IReadOnlyList<IPEndPoint> Reachable(LocalCapability local, MediaDescription media)
    {
        var here = local.Candidates.Select(static c => c.Address).ToList();
        return [.. media.Candidates.Where(c => here.Exists(h => MayReach(h, c.Address)))];
    }

    private static bool MayReach(IPAddress from, IPAddress to)
    {
        if (from.AddressFamily != to.AddressFamily || (IPAddress.IsLoopback(to) && !IPAddress.IsLoopback(from)) || (IsLinkLocal(to) && !IsLinkLocal(from)))
        {
            return false;
        }

        var bytes = to.GetAddressBytes();
        return bytes.Length == 4 ? bytes[0] is > 0 and < 224 : !to.IsIPv6Multicast && !to.Equals(IPAddress.IPv6Any) && !to.IsIPv4MappedToIPv6;
    }

    private static bool IsLinkLocal(IPAddress address) => address.IsIPv6LinkLocal || (address.GetAddressBytes() is [169, 254, _, _]);

    /// <summary>The transport of an offer of ours: the one in force, or the profile asked for.</summary>
    private readonly struct OfferedTransport
    {
        public OfferedTransport(LocalCapability local, NegotiatedSession? previous, MediaDescription? earlier)
        {
            Profile = previous?.Transport switch
            {
                { Keys: KeyAgreement.Sdes } => TransportProfile.Sdes,
                { LocalIce: null } => TransportProfile.Dtls,
                { } => TransportProfile.WebRtc,
                null => previous is null ? local.Profile : TransportProfile.Plain,
            };
            Protocol = earlier?.Protocol ?? Profile switch
            {
                TransportProfile.Plain => "RTP/AVP",
                TransportProfile.Sdes => "RTP/SAVP",
                TransportProfile.Dtls => "UDP/TLS/RTP/SAVP",
                TransportProfile.WebRtc => "UDP/TLS/RTP/SAVPF",
                _ => "RTP/AVP",
            };
            RtcpMux = Profile == TransportProfile.WebRtc || (previous?.Audio.RtcpMux ?? false);
            Parameters = Profile == TransportProfile.Plain ? null : new TransportParameters
            {
                Keys = Profile == TransportProfile.Sdes ? KeyAgreement.Sdes : KeyAgreement.Dtls,
                LocalIce = Profile == TransportProfile.WebRtc ? local.Ice : null,
                ControlsIce = Profile == TransportProfile.WebRtc && local.ControlsIce,
            };
        }

        public TransportProfile Profile { get; }

        public string Protocol { get; }

        public bool RtcpMux { get; }

        public TransportParameters? Parameters { get; }

        public bool CanBundle => Profile == TransportProfile.WebRtc;
    }
}
