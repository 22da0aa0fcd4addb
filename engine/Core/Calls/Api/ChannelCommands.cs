using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls.Apps;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls.Api;

/// <summary>API commands on one leg: <c>uuid_…</c> and <c>hupall</c> (Lua API 15.1).</summary>
internal sealed class ChannelCommands(CallCore core, Transfers transfers, ApplicationTable applications, MediaApps media, LegAudio audio)
{
    public void AddTo(ApiTable table)
    {
        table.Add("create_uuid", _ => Guid.NewGuid().ToString());
        table.Add("uuid_exists", text => core.Table.FindLive(text) is null ? "false" : "true");
        table.Add("hupall", HangUpAll);
        table.AddForLeg("uuid_getvar", 2, 2, "<uuid> <var>", (leg, w) => Value(leg, w[1]) ?? "_undef_");
        table.AddForLeg("uuid_setvar", 3, 2, "<uuid> <var> [value]", (leg, w) =>
        {
            leg.Variables.Set(w[1], w.ElementAtOrDefault(2));
            return "+OK\n";
        });
        table.AddForLeg("uuid_setvar_multi", 2, 2, "<uuid> <var>=<value>;<var>=<value>...", SetMany, ApiTable.NoChannel + "-USAGE: <uuid> <var>=<value>;<var>=<value>...\n");
        table.AddForLeg("uuid_kill", 2, 1, "<uuid> [cause]", Kill);
        table.AddForLeg("uuid_transfer", 5, 2, "<uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]", Transfer);
        table.Add("uuid_bridge", Bridge);
        table.AddForLeg("uuid_broadcast", 3, 2, "<uuid> <path> [aleg|bleg|holdb|both]", Broadcast, "-ERR invalid uuid\n");
        table.AddForLeg("uuid_record", 4, 3, "<uuid> [start|stop|mask|unmask|pause|resume] <path> [<limit>]", Record, "-ERR Cannot locate session!\n");
        table.AddForLeg("uuid_send_dtmf", 2, 2, "<uuid> <dtmf_data>", SendDtmf);
        table.AddForLeg("uuid_recv_dtmf", 2, 2, "<uuid> <dtmf_data>", ReceiveDtmf);
        table.AddForLeg("uuid_park", 1, 1, "<uuid>", (leg, _) =>
        {
            core.Redirect(leg, new NextStep.Park());
            return "+OK\n";
        });
        table.Add("uuid_hold", Hold);
        table.AddForLeg("uuid_break", 2, 1, "<uuid> [all]", (leg, w) =>
        {
            leg.Deliver(new Signal.Break(w.Count > 1));
            return "+OK\n";
        });
        table.AddForLeg("uuid_display", 2, 2, "<uuid> <name>|<number>", Display);
        table.AddForLeg("uuid_dump", 2, 1, "<uuid> [format]", Dump);
        table.AddForLeg("uuid_answer", 1, 1, "<uuid>", (leg, _) => core.Answer(leg) ? "+OK\n" : "-ERROR\n");
        table.AddForLeg("uuid_pre_answer", 1, 1, "<uuid>", (leg, _) => core.PreAnswer(leg) ? "+OK\n" : "-ERROR\n");
        table.AddForLeg("uuid_ring_ready", 1, 1, "<uuid>", (leg, _) =>
        {
            core.Ring(leg);
            return "+OK\n";
        });
        table.AddForLeg("uuid_flush_dtmf", 1, 1, "<uuid>", (leg, _) =>
        {
            leg.Digits.Clear();
            return "+OK\n";
        }, "-ERR No such session\n");
        table.AddForLeg("uuid_deflect", 2, 2, "<uuid> <uri>", (leg, w) => core.Dispatch(leg, new LegCommand.Refer(leg.Id, w[1])) ? "+OK\n" : "-ERR\n");
        table.AddForLeg("uuid_chat", 2, 2, "<uuid> <text>", (leg, w) => core.Dispatch(leg, new LegCommand.SendMessage(leg.Id, "text/plain", w[1])) ? "+OK\n" : "-ERR\n");
        table.AddForLeg("uuid_media_status", 1, 1, "<uuid>", (leg, _) => MediaStatus(leg));
        table.Add("sched_hangup", text => Scheduled("sched_hangup", text));
        table.Add("sched_transfer", text => Scheduled("sched_transfer", text));
    }

    /// <summary>What the transport and the streams of a leg do, in words.</summary>
    private string MediaStatus(Leg leg)
    {
        var text = leg.Media.IsOpen ? core.Services.Media.Describe(leg.Media) : "no media session";
        if (leg.Negotiated is { } session)
        {
            text += session.Audio.Exists ? $"; audio {session.Audio.Codec.Name} {session.Audio.Direction.ToString().ToLowerInvariant()}" : "; no audio";
            text += session.Video is { } video ? $"; video {video.Format.Name} {video.Direction.ToString().ToLowerInvariant()}" : "";
        }

        return text + "\n";
    }

    private static string? Value(Leg leg, string name) => leg.Variables[name] ?? LegFields.Get(leg, name.ToLowerInvariant());

    private static string SetMany(Leg leg, List<string> words)
    {
        foreach (var item in words[1].Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = item.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                leg.Variables.Set(item[..equals].Trim(), item[(equals + 1)..]);
            }
        }

        return "+OK\n";
    }

    private string HangUpAll(string text)
    {
        var words = Arguments.Split(text, 3);
        var cause = HangupCauses.TryParse(words.ElementAtOrDefault(0), out var given) ? given : HangupCause.ManagerRequest;
        foreach (var leg in core.Table.Live)
        {
            if (words.Count < 2 || Value(leg, words[1]) == words.ElementAtOrDefault(2))
            {
                core.Hangup(leg, cause);
            }
        }

        return words.Count < 2
            ? $"+OK hangup all channels with cause {cause.Name()}\n"
            : $"+OK hangup all channels matching [{words[1]}]=[{words.ElementAtOrDefault(2)}] with cause: {cause.Name()}\n";
    }

    private string Kill(Leg leg, List<string> words)
    {
        core.Hangup(leg, HangupCauses.TryParse(words.ElementAtOrDefault(1), out var cause) ? cause : HangupCause.NormalClearing);
        return "+OK\n";
    }

    private string Transfer(Leg leg, List<string> words)
    {
        var which = words[1];
        var at = which is "-bleg" or "-both" ? 2 : 1;
        if (words.Count <= at)
        {
            return "-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n";
        }

        var next = new NextStep.Transfer(words[at], words.ElementAtOrDefault(at + 1) ?? "", words.ElementAtOrDefault(at + 2) ?? "");
        var peer = leg.Peer;
        if (which is "-bleg" && peer is null)
        {
            return "-ERR No such channel!\n";
        }

        if (which is "-bleg" or "-both")
        {
            core.Redirect(peer ?? leg, next);
        }

        if (which is not "-bleg" && leg.Next != next)
        {
            core.Redirect(leg, next);
        }

        return "+OK\n";
    }

    private string Bridge(string text)
    {
        var words = Arguments.Split(text);
        if (words.Count < 2)
        {
            return "-USAGE: <uuid> <other_uuid>\n";
        }

        var a = core.Table.FindLive(words[0]);
        var b = core.Table.FindLive(words[1]);
        if (a is null || b is null || a == b)
        {
            return "-ERR Invalid uuid\n";
        }

        transfers.Join(a, b);
        return $"+OK {b.Uuid}\n";
    }

    private string Broadcast(Leg leg, List<string> words)
    {
        var which = words.ElementAtOrDefault(2) ?? "aleg";
        var targets = which switch
        {
            "bleg" => new[] { leg.Peer },
            "both" => [leg, leg.Peer],
            _ => [leg],
        };
        foreach (var target in targets)
        {
            if (target is not null)
            {
                core.Spawn(target, () => BroadcastAsync(target, words[1]));
            }
        }

        return "+OK Message sent\n";
    }

    private async Task BroadcastAsync(Leg leg, string text)
    {
        var bang = text.IndexOf('!', StringComparison.Ordinal);
        var colons = text.IndexOf("::", StringComparison.Ordinal);
        if (colons > 0)
        {
            await applications.ExecuteAsync(leg, text[..colons], text[(colons + 2)..]);
        }
        else if (bang > 0 && !text.Contains("://", StringComparison.Ordinal))
        {
            await applications.ExecuteAsync(leg, text[..bang], text[(bang + 1)..]);
        }
        else
        {
            using var control = new LegControl(core.Services.Loop, leg);
            await audio.PlayAsync(control, text);
        }
    }

    private string Record(Leg leg, List<string> words) => words[1] switch
    {
        "start" => media.RecordSession(leg, $"'{words[2]}' {words.ElementAtOrDefault(3)}"),
        "stop" => MediaApps.StopRecording(core, leg, words[2], RecordingControl.Stop),
        "mask" => MediaApps.StopRecording(core, leg, words[2], RecordingControl.Mask),
        "unmask" => MediaApps.StopRecording(core, leg, words[2], RecordingControl.Unmask),
        "pause" => MediaApps.StopRecording(core, leg, words[2], RecordingControl.Pause),
        "resume" => MediaApps.StopRecording(core, leg, words[2], RecordingControl.Resume),
        _ => false,
    } ? "+OK Success\n" : "-ERR Operation failed\n";

    private string SendDtmf(Leg leg, List<string> words)
    {
        core.Spawn(leg, async () =>
        {
            using var control = new LegControl(core.Services.Loop, leg);
            await MediaApps.SendDtmfAsync(core, control, words[1]);
        });
        return $"+OK {leg.Uuid} sent DTMF {words[1]}.\n";
    }

    private string ReceiveDtmf(Leg leg, List<string> words)
    {
        foreach (var c in words[1].Split('@')[0].Where(DigitText.IsDigit))
        {
            core.Post(new LegEvent.Dtmf(leg.Id, char.ToUpperInvariant(c), 250));
        }

        return $"+OK {leg.Uuid} received DTMF {words[1]}.\n";
    }

    private string Hold(string text)
    {
        var words = Arguments.Split(text);
        var mode = words.FirstOrDefault() is "off" or "toggle" ? words[0] : "on";
        var leg = core.Table.FindLive(words.ElementAtOrDefault(mode == "on" ? 0 : 1) ?? "");
        if (leg is null)
        {
            return "-ERR Operation failed\n";
        }

        var on = mode == "toggle" ? !leg.HoldsPeer : mode == "on";
        return CallApps.Hold(core, leg, on) ? "+OK Success\n" : "-ERR Operation failed\n";
    }

    private string Display(Leg leg, List<string> words)
    {
        var parts = words[1].Split('|', 2);
        core.Dispatch(leg, new LegCommand.Display(leg.Id, parts[0], parts.ElementAtOrDefault(1) ?? parts[0]));
        return "+OK Success\n";
    }

    private string Dump(Leg leg, List<string> words)
    {
        var headers = core.Announce.HeadersOf("CHANNEL_DATA", leg);
        return (words.ElementAtOrDefault(1) ?? "txt") switch
        {
            "json" => Json(headers),
            "xml" => ListFormat.XmlEvent(headers),
            _ => string.Concat(headers.Select(h => $"{h.Key}: {Uri.EscapeDataString(h.Value)}\n")) + "\n",
        };
    }

    private static string Json(List<KeyValuePair<string, string>> headers)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            foreach (var group in headers.GroupBy(h => h.Key, StringComparer.Ordinal))
            {
                writer.WriteString(group.Key, group.Last().Value);
            }

            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private string Scheduled(string application, string text)
    {
        // sched_hangup +10 UUID cause — the application has the same words without the UUID.
        var words = Arguments.Split(text, 3);
        if (words.Count < 2)
        {
            return "-ERR Invalid arguments\n";
        }

        if (core.Table.FindLive(words[1]) is not { } leg)
        {
            return ApiTable.NoChannel;
        }

        core.Spawn(leg, () => applications.ExecuteAsync(leg, application, $"{words[0]} {words.ElementAtOrDefault(2)}"));
        return "+OK\n";
    }
}
