using XSwitchEngine.Media.Dtls;
using XSwitchEngine.Media.Ice;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Srtp;

namespace XSwitchEngine.Media.Sessions;

/// <summary>How the packets of one leg travel when they are not plain RTP: ICE finds the peer, DTLS or the description gives the keys, SRTP protects. Media loop only.</summary>
/// <remarks>
/// Nothing passes in either direction before all that was agreed is there: a peer that ICE has proven, keys, and a certificate with an announced
/// fingerprint. Once keys were agreed, nothing passes without them. A stranger's packet leaves no trace but a count.
/// </remarks>
internal sealed partial class SecureTransport(MediaLeg leg) : IDtlsOutput
{
    /// <summary>How long after both descriptions are known the transport may take to come up.</summary>
    public const long SetUpUs = 30_000_000;

    private TransportParameters _parameters = new();
    private readonly List<string> _names = [];
    private readonly List<NetAddress> _peers = [];
    private IceAgent? _ice;
    private IDtlsSession? _dtls;
    private SrtpContext? _in;
    private SrtpContext? _out;
    private NetAddress _dtlsPeer;
    private NetAddress _source; // of the datagram that is being worked on
    private long _knownUs;
    private bool _isUp;
    private bool _isLost;
    private int _woken;
    private TransportFailure _failure;
    private string _failureText = "";

    /// <summary>Whether ICE decides about addresses, and not the latch.</summary>
    public bool IsIce => _ice is not null;

    /// <summary>Where to send with ICE; not usable before the peer nominated.</summary>
    public NetAddress Selected => _ice?.Selected ?? default;

    /// <summary>Whether packets pass.</summary>
    public bool IsUp => _isUp && !_isLost;

    /// <summary>Protected or ICE packets that were refused: forged, repeated, from strangers, or too early.</summary>
    public int Refused { get; private set; }

    public IceAgent? Ice => _ice;

    /// <summary>When <see cref="Tick"/> is due.</summary>
    public long DueUs
    {
        get
        {
            var due = _dtls?.DueUs ?? long.MaxValue;
            if (_knownUs != 0 && !_isUp && _failure == 0)
            {
                due = Math.Min(due, _knownUs + SetUpUs);
            }

            if (_isUp && !_isLost && _ice is { } ice)
            {
                due = Math.Min(due, ice.LastCheckUs + IceAgent.ConsentUs);
            }

            return Math.Min(due, _ice?.Checks?.DueUs ?? long.MaxValue);
        }
    }

    /// <summary>Takes what was agreed.</summary>
    /// <param name="parameters">All of it.</param>
    /// <param name="anew">Whether the peer lost its transport.</param>
    /// <param name="nowUs">When.</param>
    public void Configure(TransportParameters parameters, bool anew, long nowUs)
    {
        var former = _parameters;
        if (former.Keys != KeyAgreement.None && parameters.Keys == KeyAgreement.None)
        {
            return; // never back to plain RTP: whoever asks for that gets no media from us
        }

        if (anew)
        {
            EndAssociation();
            _ice?.Reset();
            _knownUs = 0;
            former = new TransportParameters();
        }
        else
        {
            parameters = Complete(parameters, former);
        }

        _parameters = parameters;
        if (parameters.LocalIce is { } local)
        {
            (_ice ??= new IceAgent()).Configure(local, parameters.RemoteIce);
            Register();
            if (parameters is { ControlsIce: true, RemoteIce: { } remote })
            {
                _ice.Check(remote, [.. parameters.RemoteCandidates.Select(NetAddress.From)], nowUs);
            }
        }

        if (former.Keys == KeyAgreement.Dtls && (parameters.Keys != KeyAgreement.Dtls || IsOtherPeer(former, parameters)))
        {
            EndAssociation();
        }

        var isKnown = parameters.Keys switch
        {
            KeyAgreement.Sdes => parameters.RemoteKey is not null,
            KeyAgreement.Dtls => parameters.RemoteFingerprints.Count > 0,
            KeyAgreement.None => true,
            _ => true,
        };
        if (isKnown && !_isUp && (_knownUs == 0 || former != parameters))
        {
            (_knownUs, _failure, _failureText) = (nowUs, 0, "");
        }

        if (parameters.Keys == KeyAgreement.Sdes)
        {
            TakeKeys(former);
        }

        Advance(nowUs);
    }

    /// <summary>Takes a packet from a port of the leg.</summary>
    /// <param name="packet">As received; becomes plain in place.</param>
    /// <param name="rtcpPort">Which port.</param>
    /// <param name="source">Where it came from.</param>
    /// <param name="nowUs">When.</param>
    /// <param name="length">Length of the plain packet.</param>
    /// <returns>What it became; <see cref="PacketClass.None"/> when nothing is left to do for it.</returns>
    public PacketClass Receive(Span<byte> packet, bool rtcpPort, in NetAddress source, long nowUs, out int length)
    {
        length = 0;
        switch (packet.Length > 1 ? packet[0] : byte.MaxValue)
        {
            case <= 3 when !rtcpPort:
                OnStun(packet, source, nowUs);
                return PacketClass.None;
            case >= 20 and <= 63 when !rtcpPort:
                OnDtls(packet, source, nowUs);
                return PacketClass.None;
            case >= 128 and <= 191 when IsUp:
                break;
            default:
                Refused++;
                return PacketClass.None;
        }

        // A shared port has seen to that already.
        if (leg.Shared is null && _ice is { } ice && !ice.Sources.Contains(source))
        {
            Refused++;
            return PacketClass.None;
        }

        var isRtcp = rtcpPort || (packet[1] is >= 192 and <= 223 && (IsIce || leg.Stream is { RtcpMux: true }));
        if (_parameters.Keys == KeyAgreement.None)
        {
            length = packet.Length;
            return isRtcp ? PacketClass.Rtcp : PacketClass.Rtp;
        }

        if (isRtcp ? _in!.UnprotectRtcp(packet, out length) : _in!.UnprotectRtp(packet, out length))
        {
            return isRtcp ? PacketClass.Rtcp : PacketClass.Rtp;
        }

        Refused++;
        return PacketClass.None;
    }

    /// <summary>Sends a plain packet as it was agreed; nothing while the transport is not up.</summary>
    public void Send(bool rtcp, bool rtcpPort, ReadOnlySpan<byte> packet, in NetAddress to)
    {
        if (!IsUp)
        {
            return;
        }

        var address = _ice?.Selected ?? to;
        var output = leg.Core!.Output;
        if (_parameters.Keys == KeyAgreement.None)
        {
            output.Send(leg, rtcpPort, packet, address);
            return;
        }

        var wire = leg.Core.Wire;
        var length = rtcp ? _out!.ProtectRtcp(packet, wire) : _out!.ProtectRtp(packet, wire);
        if (length > 0)
        {
            output.Send(leg, rtcpPort, wire[..length], address);
        }
    }

    /// <summary>Does what time asks for.</summary>
    public void Tick(long nowUs)
    {
        Volatile.Write(ref _woken, 0);
        if (_dtls is { } dtls)
        {
            dtls.Tick(nowUs);
            Advance(nowUs);
        }

        if (_knownUs != 0 && !_isUp && _failure == 0 && nowUs >= _knownUs + SetUpUs)
        {
            Fail(_ice is { Selected.IsUsable: false } ? TransportFailure.Ice : _parameters.Keys == KeyAgreement.Dtls ? TransportFailure.Dtls : TransportFailure.Keys, "not there in time");
        }

        if (IsUp && _ice is { } ice && nowUs >= ice.LastCheckUs + IceAgent.ConsentUs)
        {
            _isLost = true;
            ice.Checks?.Lose(nowUs);
            leg.Emit(MediaEventKind.TransportLost, 0, 0, 0, 0);
        }

        SendCheck(nowUs);
    }

    /// <summary>Says goodbye and gives all native memory back.</summary>
    public void Close()
    {
        _dtls?.Close();
        EndAssociation();
        _ice?.Reset();
        Register();
    }

    /// <inheritdoc/>
    void IDtlsOutput.SendDtls(ReadOnlySpan<byte> datagram)
    {
        var to = _ice is null ? _dtlsPeer : _ice.Selected.IsUsable ? _ice.Selected : _source;
        if (to.IsUsable)
        {
            leg.Core?.Output.Send(leg, rtcp: false, datagram, to);
        }
    }

    /// <inheritdoc/>
    void IDtlsOutput.WakeDtls()
    {
        if (Interlocked.Exchange(ref _woken, 1) == 0)
        {
            leg.Loop?.Attend(leg);
        }
    }

    /// <summary>Begins what can begin and finishes what is finished, after any change.</summary>
    public void Advance(long nowUs)
    {
        if (_parameters.Keys == KeyAgreement.Dtls)
        {
            AdvanceDtls(nowUs);
        }

        var hasKeys = _parameters.Keys == KeyAgreement.None || (_in is not null && _out is not null);
        if (!_isUp && hasKeys && _failure is 0 or TransportFailure.Ice && (_ice is null || _ice.Selected.IsUsable) && IsPeerProven())
        {
            (_isUp, _failure) = (true, 0);
            leg.OnUp(nowUs);
        }
    }

    private void OnStun(ReadOnlySpan<byte> packet, in NetAddress source, long nowUs)
    {
        if (_ice is not { } ice)
        {
            Refused++;
            return;
        }

        Span<byte> answer = stackalloc byte[IceAgent.LongestAnswer];
        var step = ice.Handle(packet, source, nowUs, answer, out var length);
        if (step == IceStep.None)
        {
            Refused++;
            return;
        }

        if (length > 0)
        {
            leg.Core!.Output.Send(leg, rtcp: false, answer[..length], source);
        }

        if ((step & (IceStep.NewSource | IceStep.Selected)) != 0)
        {
            Register();
        }

        if (_isLost && ice.LastCheckUs == nowUs)
        {
            _isLost = false;
            leg.OnUp(nowUs);
        }

        if ((step & IceStep.Selected) != 0)
        {
            leg.OnMoved(ice.Selected);
        }

        Advance(nowUs);
        SendCheck(nowUs); // the one that nominates, at once
    }

    /// <summary>Sends the check that is due, and asks to be called for the next one.</summary>
    private void SendCheck(long nowUs)
    {
        if (_ice?.Checks is not { } checks)
        {
            return;
        }

        Span<byte> check = stackalloc byte[IceChecks.LongestCheck];
        var length = checks.Next(nowUs, check, out var to);
        if (length > 0)
        {
            leg.Core!.Output.Send(leg, rtcp: false, check[..length], to);
        }

        leg.Reschedule(nowUs);
    }

    private void Fail(TransportFailure failure, string text)
    {
        (_isUp, _failure, _failureText) = (false, failure, text);
        if (failure != TransportFailure.Ice)
        {
            _in?.Dispose();
            _out?.Dispose();
            (_in, _out) = (null, null);
        }

        leg.Emit(MediaEventKind.TransportFailed, 0, (int)failure, 0, 0);
    }

    /// <summary>A description that is on its way says nothing about the peer yet: what was known of it stays.</summary>
    private static TransportParameters Complete(TransportParameters now, TransportParameters former) => now with
    {
        RemoteIce = now.RemoteIce ?? (now.LocalIce == former.LocalIce ? former.RemoteIce : null),
        RemoteFingerprints = now.RemoteFingerprints.Count > 0 ? now.RemoteFingerprints : former.RemoteFingerprints,
        LocalKey = now.LocalKey ?? former.LocalKey,
        RemoteKey = now.RemoteKey ?? former.RemoteKey,
    };

    /// <summary>Keeps the shared port's tables in step with the names and addresses in force.</summary>
    private void Register()
    {
        if (leg.Shared is not { } shared)
        {
            return;
        }

        var ice = _ice;
        _names.RemoveAll(name => Ends(ice is null || !ice.IsOurs(name), () => shared.Remove(name, leg)));
        _peers.RemoveAll(peer => Ends(ice is null || !ice.Sources.Contains(peer), () => shared.Remove(peer, leg)));
        if (ice is null)
        {
            return;
        }

        foreach (var peer in ice.Sources)
        {
            if (!_peers.Contains(peer))
            {
                _peers.Add(peer);
                shared.Add(peer, leg);
            }
        }

        if (ice.IsOurs(_parameters.LocalIce!.Ufrag) && !_names.Contains(_parameters.LocalIce.Ufrag))
        {
            _names.Add(_parameters.LocalIce.Ufrag);
            shared.Add(_parameters.LocalIce.Ufrag, leg);
        }
    }

    private static bool Ends(bool ends, Action remove)
    {
        if (ends)
        {
            remove();
        }

        return ends;
    }
}

/// <summary>What a packet turned out to be.</summary>
internal enum PacketClass : byte
{
    None,
    Rtp,
    Rtcp,
}
