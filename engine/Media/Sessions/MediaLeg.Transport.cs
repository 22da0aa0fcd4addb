using XSwitchEngine.Media.Io;

namespace XSwitchEngine.Media.Sessions;

/// <summary>How packets travel: what came from the network on its way to <see cref="OnRtp"/>, and what is made here on its way out.</summary>
internal sealed partial class MediaLeg
{
    private SecureTransport? _transport; // null: plain RTP, which pays for nothing of this

    /// <summary>The port that it shares; null when it has ports of its own, or none in tests.</summary>
    public SharedPort? Shared { get; init; }

    /// <summary>The loop that it is with or on its way to. Written by the loop that has it, read by that of the shared port.</summary>
    public MediaLoop? Loop
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>Where signalling says that the peer is; not usable while unknown.</summary>
    public NetAddress SignalledAddress => _latch.Current;

    /// <summary>Where our media goes.</summary>
    private NetAddress PeerAddress => _transport is { IsIce: true } transport ? transport.Selected : _latch.Current;

    /// <summary>Whether the peer wants nothing from us. With ICE its description's address says nothing about that.</summary>
    private bool IsHeld => _transport is { IsIce: true } ? (Stream!.Direction & MediaDirection.SendOnly) == 0 : Stream!.IsHeldByPeer;

    /// <summary>Takes what was agreed about the transport.</summary>
    public void SetTransport(TransportParameters transport, bool anew, long nowUs)
    {
        if (_transport is null && transport is { Keys: KeyAgreement.None, LocalIce: null })
        {
            return;
        }

        _transport ??= new SecureTransport(this);
        _transport.Configure(transport, anew, nowUs);
        Schedule(nowUs);
    }

    /// <summary>Takes a packet from a port as it came.</summary>
    public void OnDatagram(Span<byte> packet, bool rtcpPort, in NetAddress source, long nowUs)
    {
        if (_transport is not { } transport)
        {
            if (rtcpPort)
            {
                OnRtcp(packet, source, nowUs);
            }
            else
            {
                OnRtp(packet, source, nowUs);
            }

            return;
        }

        var refused = transport.Refused;
        switch (transport.Receive(packet, rtcpPort, source, nowUs, out var length))
        {
            case PacketClass.Rtp:
                OnRtp(packet[..length], source, nowUs);
                break;
            case PacketClass.Rtcp:
                OnRtcp(packet[..length], source, nowUs);
                break;
            case PacketClass.None:
            default:
                if (transport.Refused != refused)
                {
                    Drop();
                }

                break;
        }
    }

    /// <summary>The transport came up, or the peer's consent came back.</summary>
    public void OnUp(long nowUs)
    {
        Emit(MediaEventKind.TransportUp, 0, 0, 0, 0);
        Schedule(nowUs);
        OnTransportUp(nowUs);
    }

    /// <summary>ICE sends to another address.</summary>
    public void OnMoved(in NetAddress to) => _remote = _isUp ? to.ToEndPoint() : _remote;

    /// <summary>Whether a handshake without ICE may come from an address.</summary>
    public bool MayComeFrom(in NetAddress source, long nowUs) => _latch.CouldAccept(source, nowUs);

    public void Reschedule(long nowUs) => Schedule(nowUs);

    /// <summary>Something was done for it on another thread.</summary>
    public void OnAttention(long nowUs)
    {
        _transport?.Tick(nowUs);
        Schedule(nowUs);
    }

    /// <summary>What the transport is doing, for people. Any thread.</summary>
    public string Describe()
    {
        var packets = _incoming.Received;
        var media = packets > 0 ? $"{packets} RTP packets received from {_remote}" : "no RTP packet of the peer yet";
        return _transport is { } transport ? $"{transport.Describe()}; {media}" : $"plain RTP; {media}";
    }

    /// <summary>Gives native memory and entries in shared tables back; the last thing that happens to a leg, whatever failed before.</summary>
    public void EndTransport() => _transport?.Close();

    /// <summary>The transport came up, at first or again: streams ask for key frames here.</summary>
    partial void OnTransportUp(long nowUs);

    /// <summary>Judges the source of an authentic packet.</summary>
    private bool AcceptSource(in NetAddress source, long nowUs) => _transport is { IsIce: true } || _latch.Accept(source, nowUs);

    /// <summary>Sends a plain RTP packet, protected as agreed; nothing while the transport is not up.</summary>
    /// <param name="packet">Borrowed for the call, not changed. One that is sent again under its number is the same to the byte.</param>
    private void SendRtp(ReadOnlySpan<byte> packet)
    {
        if (_transport is { } transport)
        {
            transport.Send(rtcp: false, rtcpPort: false, packet, _latch.Current);
        }
        else
        {
            Core!.Output.Send(this, rtcp: false, packet, _latch.Current);
        }
    }

    /// <summary>Sends a plain compound RTCP packet, protected as agreed; nothing while the transport is not up.</summary>
    /// <param name="compound">Borrowed for the call, not changed.</param>
    /// <param name="to">The peer's RTCP address; ICE knows better.</param>
    private void SendRtcp(ReadOnlySpan<byte> compound, in NetAddress to)
    {
        if (_transport is not { } transport)
        {
            Core!.Output.Send(this, !Stream!.RtcpMux, compound, to);
        }
        else if (transport.IsIce || Stream!.RtcpMux)
        {
            transport.Send(rtcp: true, rtcpPort: false, compound, _latch.Current);
        }
        else
        {
            transport.Send(rtcp: true, rtcpPort: true, compound, to);
        }
    }
}
