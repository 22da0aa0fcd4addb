using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Calls.Apps;

/// <summary>Applications that answer, end, move and wait.</summary>
internal sealed class CallApps(CallCore core, LegAudio audio, ScriptRuns scripts, Transfers transfers)
{
    public void AddTo(ApplicationTable table)
    {
        table.Add("answer", (c, _) => Do(() => core.Answer(c.Leg)));
        table.Add("pre_answer", (c, _) => Do(() => core.PreAnswer(c.Leg)));
        table.Add("ring_ready", (c, _) => Do(() => core.Ring(c.Leg)));
        table.Add("hangup", (c, data) => Do(() => core.Hangup(c.Leg, HangupCauses.TryParse(data, out var cause) ? cause : HangupCause.NormalClearing)));
        table.Add("respond", (c, data) => Do(() => Respond(c.Leg, data)));
        table.Add("redirect", (c, data) => Do(() => Redirect(c.Leg, data)));
        table.Add("deflect", (c, data) => Do(() => core.Dispatch(c.Leg, new LegCommand.Refer(c.Leg.Id, data.Trim()))));
        table.Add("transfer", (c, data) => Do(() => Transfer(c.Leg, data)));
        table.Add("sleep", (c, data) => audio.WaitAsync(c, TimeSpan.FromMilliseconds(Math.Max(0, Number(data)))));
        table.Add("park", ParkAsync);
        table.Add("lua", LuaAsync);
        table.Add("sched_hangup", (c, data) => Do(() => ScheduleHangup(c.Leg, data)));
        table.Add("sched_transfer", (c, data) => Do(() => ScheduleTransfer(c.Leg, data)));
        table.Add("intercept", (c, data) => Do(() => Intercept(c.Leg, data)));
        table.Add("break", (c, _) => Do(() => c.Leg.Deliver(new Signal.Break(All: true))));
        table.Add("hold", (c, _) => Do(() => Hold(core, c.Leg, on: true)));
        table.Add("unhold", (c, _) => Do(() => Hold(core, c.Leg, on: false)));
        table.Add("set_user", (c, data) => Do(() => SetUser(c.Leg, data)));
    }

    /// <summary>Puts the peer of a leg on hold, or takes it off.</summary>
    /// <param name="core">The core.</param>
    /// <param name="leg">The leg whose peer is to wait.</param>
    /// <param name="on">True to hold.</param>
    /// <returns>False when the leg cannot be held.</returns>
    public static bool Hold(CallCore core, Leg leg, bool on)
    {
        if (!leg.IsAnswered || leg.HoldsPeer == on || leg.OfferSent is not null || !core.Media.TryHoldOffer(leg, on, out var sdp))
        {
            return false;
        }

        core.Dispatch(leg, new LegCommand.Reoffer(leg.Id, sdp));
        if (on)
        {
            core.PlayTone(leg, SoundNames.HoldMusic(leg, core.Services));
        }
        else
        {
            core.StopTone(leg);
        }

        return true;
    }

    private static Task Do(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private static int Number(string text) => int.TryParse(text.Trim(), out var value) ? value : 0;

    private void Respond(Leg leg, string data)
    {
        var parts = Arguments.Split(data, 2);
        var status = parts.Count > 0 && int.TryParse(parts[0], out var code) && code is >= 300 and <= 699 ? code : 480;
        core.Hangup(leg, HangupCauses.FromSipStatus(status), status, parts.ElementAtOrDefault(1) ?? "");
    }

    private void Redirect(Leg leg, string data)
    {
        if (!leg.IsAnswered && core.Dispatch(leg, new LegCommand.Redirect(leg.Id, data.Trim())))
        {
            core.Hangup(leg, HangupCause.RedirectionToNewDestination);
        }
    }

    private void Transfer(Leg leg, string data)
    {
        var words = Arguments.Split(data, 4);
        var (targets, at) = words.ElementAtOrDefault(0) switch
        {
            "-bleg" => (new[] { leg.Peer }, 1),
            "-both" => (new[] { leg.Peer, leg }, 1),
            _ => (new[] { leg }, 0),
        };
        if (words.Count <= at)
        {
            return;
        }

        foreach (var target in targets)
        {
            if (target is not null)
            {
                core.Redirect(target, new NextStep.Transfer(words[at], words.ElementAtOrDefault(at + 1) ?? "", words.ElementAtOrDefault(at + 2) ?? ""));
            }
        }
    }

    private async Task ParkAsync(LegControl control, string data)
    {
        core.PreAnswer(control.Leg);
        core.Announce.Channel("CHANNEL_PARK", control.Leg);
        while (control.MayGoOn)
        {
            if (await control.ReceiveAsync() is Signal.Gone or Signal.Redirected)
            {
                break;
            }
        }

        core.Announce.Channel("CHANNEL_UNPARK", control.Leg);
    }

    private async Task LuaAsync(LegControl control, string data)
    {
        var text = data.Trim();
        var words = text.StartsWith('~') ? [text] : Arguments.Split(text);
        if (words.Count == 0)
        {
            return;
        }

        var leg = control.Leg;
        var done = new TaskCompletionSource();
        scripts.Start(words[0], words[1..], leg, ScriptKind.Call, (_, end) =>
        {
            if (end.Killed)
            {
                core.Hangup(leg, HangupCause.NormalTemporaryFailure);       // its run-away script must not leave a caller in silence
            }

            done.SetResult();
        });
        await done.Task;
    }

    private void ScheduleHangup(Leg leg, string data)
    {
        var words = Arguments.Split(data, 3);
        if (words.Count == 0 || !Seconds(words[0], out var due))
        {
            return;
        }

        var cause = HangupCauses.TryParse(words.ElementAtOrDefault(1), out var given) ? given : HangupCause.AllottedTimeout;
        if (due == TimeSpan.Zero)
        {
            core.Hangup(leg, cause);
            return;
        }

        leg.Schedules.Add(core.Services.Loop.Schedule(due, _ => core.Hangup(leg, cause), leg));
    }

    private void ScheduleTransfer(Leg leg, string data)
    {
        var words = Arguments.Split(data, 4);
        if (words.Count < 2 || !Seconds(words[0], out var due))
        {
            return;
        }

        var next = new NextStep.Transfer(words[1], words.ElementAtOrDefault(2) ?? "", words.ElementAtOrDefault(3) ?? "");
        leg.Schedules.Add(core.Services.Loop.Schedule(due, _ => core.Redirect(leg, next), leg));
    }

    private bool Seconds(string text, out TimeSpan due)
    {
        due = TimeSpan.Zero;
        if (!long.TryParse(text.TrimStart('+'), out var seconds) || seconds is < 0 or > 4_000_000_000)
        {
            return false;
        }

        due = text.StartsWith('+') ? TimeSpan.FromSeconds(seconds) : DateTimeOffset.FromUnixTimeSeconds(seconds) - core.Services.Loop.Now;
        due = due < TimeSpan.Zero ? TimeSpan.Zero : due;
        return true;
    }

    private void Intercept(Leg leg, string data)
    {
        var words = Arguments.Split(data, 2);
        var found = core.Table.FindLive(words.LastOrDefault() ?? "");
        var target = words.FirstOrDefault() == "-bleg" ? found?.Peer : found;
        if (target is null || target == leg)
        {
            return;
        }

        var left = target.Peer;
        if (!core.Answer(leg))
        {
            return;
        }

        transfers.Join(leg, target);
        if (left is not null)
        {
            core.Hangup(left, HangupCause.PickedOff);
        }
    }

    private void SetUser(Leg leg, string data)
    {
        var words = Arguments.Split(data, 2);
        if (words.Count == 0)
        {
            return;
        }

        var parts = words[0].Split('@', 2);
        if (core.Services.Directory.FindUser(parts[0], parts.ElementAtOrDefault(1) ?? core.Services.Directory.Domain) is not { } user)
        {
            return;
        }

        var prefix = words.Count > 1 ? words[1] + "_" : "";
        foreach (var (name, value) in user.Variables)
        {
            leg.Variables.Set(prefix + name, value);
        }

        leg.Variables.Set("user_name", user.Number);
        leg.Variables.Set("domain_name", user.Domain);
        leg.Variables.Set("user_context", user.Context);
    }
}
