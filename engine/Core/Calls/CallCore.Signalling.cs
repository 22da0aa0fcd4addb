using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Calls;

/// <content>What peers ask by signalling alone, without a session description.</content>
internal sealed partial class CallCore
{
    /// <summary>A peer goes on hold or comes back: nothing of it is heard and it hears nothing; the party that waits hears music.</summary>
    private void TakeHold(Leg leg, bool hold)
    {
        if (!leg.IsAnswered || leg.IsHeld == hold)
        {
            return;
        }

        leg.IsHeld = hold;
        Announce.Channel(hold ? "CHANNEL_HOLD" : "CHANNEL_UNHOLD", leg);
        if (leg.Peer is not { } peer)
        {
            return;
        }

        if (hold)
        {
            Services.Media.Unbridge(leg.Media);
            PlayTone(peer, SoundNames.HoldMusic(peer, Services));
            return;
        }

        StopTone(peer);
        if (!peer.IsHeld)
        {
            Services.Media.Bridge(leg.Media, peer.Media);
        }
    }

    /// <summary>The peer of a leg has no picture: whoever sends it one is asked to begin anew.</summary>
    private void AskForKeyFrame(Leg leg)
    {
        var source = leg.Peer ?? leg; // in an echo it watches itself
        if (source.Negotiated?.Video is { PictureLoss: true } or { FullIntra: true })
        {
            Services.Media.RequestKeyFrame(source.Media);
        }
        else if (source != leg)
        {
            Dispatch(source, new LegCommand.KeyFrame(source.Id));
        }
    }

    /// <summary>A text within a call goes to whom the leg talks with; commands are for scripts and applications alone.</summary>
    private void TakeMessage(Leg leg, LegEvent.Message message)
    {
        Announce.Message(leg, message);
        if (leg.Peer is { } peer && message.ContentType != "text/json")
        {
            Dispatch(peer, new LegCommand.SendMessage(peer.Id, message.ContentType, message.Text));
        }
    }

    /// <summary>Shows the pages of two bridged legs whom they talk with.</summary>
    /// <param name="a">One leg.</param>
    /// <param name="b">The other.</param>
    public void ShowPeers(Leg a, Leg b)
    {
        Show(a, b);
        Show(b, a);
    }

    private void Show(Leg leg, Leg peer)
    {
        if (leg.Endpoint != "verto.rtc")
        {
            return;
        }

        var p = peer.Profile;
        var (name, number) = peer.Direction == LegDirection.Inbound
            ? (p.CallerName, p.CallerNumber)
            : (p.CalleeName.Length > 0 ? p.CalleeName : p.Destination, p.CalleeNumber.Length > 0 ? p.CalleeNumber : p.Destination);
        leg.Variables.Set("last_sent_display_name", name);
        leg.Variables.Set("last_sent_display_number", number);
        Dispatch(leg, new LegCommand.Display(leg.Id, name, number));
    }

    /// <summary>Variables that scripts set for the page of a client.</summary>
    private static KeyValuePair<string, string>[] ForClient(Leg leg) => leg.Endpoint != "verto.rtc"
        ? []
        : [.. leg.Variables.Snapshot.Where(v => v.Key.StartsWith("verto_svar_", StringComparison.Ordinal) || v.Key.StartsWith("verto_h_", StringComparison.Ordinal))];
}
