using XSwitchEngine.Abstractions;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <content>What the media plane reports, and the media of bridged legs that follow each other.</content>
internal sealed partial class CallCore
{
    /// <summary>How long a leg without its transport waits for it when its plugin says nothing.</summary>
    private const int LostTransportSeconds = 10;

    /// <summary>Handles a media event on the core loop.</summary>
    /// <param name="e">The event.</param>
    public void OnMedia(in MediaEvent e)
    {
        if (Media.Find(e.Owner) is not { } leg)
        {
            return;
        }

        switch (e.Kind)
        {
            case MediaEventKind.Dtmf:
                OnDigit(leg, (char)e.Value, (int)e.Extra, bySignalling: false);
                break;
            case MediaEventKind.PlaybackDone:
                leg.Deliver(new Signal.PlaybackDone(e.Token, (PlaybackEnd)e.Value, e.Extra, e.Rate));
                break;
            case MediaEventKind.RecordingDone:
                OnRecordingDone(leg, e);
                break;
            case MediaEventKind.Silence:
                leg.Deliver(Signal.SilenceReached.Instance);
                break;
            case MediaEventKind.Timeout:
                Hangup(leg, HangupCause.MediaTimeout);
                break;
            case MediaEventKind.TransportUp or MediaEventKind.TransportFailed or MediaEventKind.TransportLost:
                OnTransport(leg, e);
                break;
            case MediaEventKind.Talking:
                leg.Deliver(new Signal.Talking(e.Value != 0, (int)e.Extra));
                break;
            case MediaEventKind.MediaUp:
            default:
                break;
        }
    }

    /// <summary>Brings the video of a bridged leg in line with its peer's: both have it in one format, or what one has goes nowhere.</summary>
    /// <param name="leg">The leg whose session changed.</param>
    public void FollowVideo(Leg leg)
    {
        if (leg.Peer is not { IsAnswered: true, OfferSent: null, HoldsPeer: false, Transport.Profile: TransportProfile.WebRtc } peer || leg.HoldsPeer || leg.IsHeld || peer.IsHeld)
        {
            return;
        }

        var ours = leg.Negotiated?.Video is { } video && video.Direction != MediaDirection.Inactive ? video.Format : (VideoFormat?)null;
        var theirs = peer.Negotiated?.Video?.Format;
        if ((ours is { } a && theirs is { } b ? !a.Matches(b) : ours is not null || theirs is not null) && Media.TryOffer(peer, leg, out var sdp, out _))
        {
            Dispatch(peer, new LegCommand.Reoffer(peer.Id, sdp));
        }
    }

    private void OnTransport(Leg leg, in MediaEvent e)
    {
        if (leg.Transport is not { } transport || !leg.IsUp)
        {
            return;
        }

        switch (e.Kind)
        {
            case MediaEventKind.TransportUp:
                (transport.IsUp, transport.WasUp) = (true, true);
                break;
            case MediaEventKind.TransportFailed:
                transport.IsUp = false;
                var words = Services.Media.Describe(leg.Media);
                Log.TransportFailed(Services.Log, leg.Uuid, words);
                if ((TransportFailure)e.Value != TransportFailure.Ice)
                {
                    Hangup(leg, HangupCause.IncompatibleDestination, 0, words);
                }
                else if (!transport.WasUp || leg.Variables.Number("detach_timeout", 0) == 0)
                {
                    Hangup(leg, HangupCause.MediaTimeout, 0, words);
                }
                else
                {
                    WaitForTransport(leg, transport);
                }

                break;
            case MediaEventKind.TransportLost:
                transport.IsUp = false;
                Log.TransportLost(Services.Log, leg.Uuid);
                WaitForTransport(leg, transport);
                break;
            default:
                break;
        }
    }

    /// <summary>Ends the leg unless its transport comes up again within <c>detach_timeout</c> seconds, 10 if none are given.</summary>
    private void WaitForTransport(Leg leg, LegTransport transport)
    {
        var losses = ++transport.Losses;
        var seconds = leg.Variables.Number("detach_timeout", LostTransportSeconds);
        leg.Schedules.Add(Services.Loop.Schedule(TimeSpan.FromSeconds(Math.Clamp(seconds, 1, 3600)), static s => EndLost(s), (this, leg, transport, losses)));
    }

    private static void EndLost(object? state)
    {
        var (core, leg, transport, losses) = ((CallCore, Leg, LegTransport, int))state!;
        if (!transport.IsUp && transport.Losses == losses)
        {
            core.Hangup(leg, HangupCause.MediaTimeout);
        }
    }

    private void OnRecordingDone(Leg leg, in MediaEvent e)
    {
        var token = e.Token;
        var path = leg.Recordings.FirstOrDefault(p => p.Value == token).Key;
        if (path is not null)
        {
            leg.Recordings.Remove(path);
            Announce.Recording("RECORD_STOP", leg, path);
        }

        leg.Deliver(new Signal.RecordingDone(e.Token, (RecordingEnd)e.Value, e.Extra, e.Rate));
    }
}
