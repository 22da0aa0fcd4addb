using XSwitchEngine.Media.Io;

namespace XSwitchEngine.Media.Sessions;

/// <summary>How packets travel: what came from the network on its way to <see cref="OnRtp"/>, and what is made here on its way out.</summary>
internal sealed partial class MediaLeg
{
    private TransportParameters? _parameters;

    /// <summary>Takes what was agreed about the transport.</summary>
    public void SetTransport(TransportParameters transport, bool anew, long nowUs) => _parameters = transport;

    /// <summary>What the transport is doing, for people. Any thread.</summary>
    public string Describe() => _parameters is { Keys: not KeyAgreement.None } parameters ? $"{parameters.Keys}" : _remote is { } remote ? $"RTP, plain, with {remote}" : "RTP, plain, no packet of the peer yet";

    /// <summary>The transport came up, at first or again: streams ask for key frames here.</summary>
    partial void OnTransportUp(long nowUs);

    /// <summary>Sends a plain RTP packet, protected as agreed; nothing while the transport is not up.</summary>
    /// <param name="packet">Borrowed for the call, not changed.</param>
    private void SendRtp(ReadOnlySpan<byte> packet) => Core!.Output.Send(this, rtcp: false, packet, _latch.Current);

    /// <summary>Sends a plain compound RTCP packet, protected as agreed; nothing while the transport is not up.</summary>
    /// <param name="compound">Borrowed for the call, not changed.</param>
    /// <param name="to">The peer's RTCP address; ICE knows better.</param>
    private void SendRtcp(ReadOnlySpan<byte> compound, in NetAddress to) => Core!.Output.Send(this, !Stream!.RtcpMux, compound, to);
}
