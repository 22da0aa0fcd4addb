using System.Globalization;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Calls.Api;
using XSwitchEngine.Core.Calls.Apps;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Conference;

/// <summary>Rooms in which many legs are mixed: the application <c>conference</c> and the commands to look at and steer it. Core loop only.</summary>
internal sealed class Conferences(CallCore core, LegAudio audio)
{
    private readonly Dictionary<string, ConferenceRoom> _rooms = new(StringComparer.OrdinalIgnoreCase);
    private long _lastRoom;
    private int _lastMember;

    /// <summary>What pages see of the conferences.</summary>
    public ConferenceChannels Channels => _channels ??= new ConferenceChannels(core, name => _rooms.GetValueOrDefault(name), Command, (member, extension, dialplan, context) => core.Redirect(member.Leg, new NextStep.Transfer(extension, dialplan, context)));

    private ConferenceChannels? _channels;

    /// <summary>Hands a text message to the chat of a conference.</summary>
    /// <param name="name">The conference.</param>
    /// <param name="message">The message.</param>
    /// <returns>False when there is none of that name.</returns>
    public bool Chat(string name, Abstractions.TextMessage message)
    {
        if (!_rooms.TryGetValue(name, out var room))
        {
            return false;
        }

        Channels.Chat(room, message.From, message.FromName, message.Text);
        return true;
    }

    public void AddTo(ApplicationTable applications, ApiTable api)
    {
        applications.Add("conference", JoinAsync);
        api.Add("conference", Command);
    }

    private async Task JoinAsync(LegControl control, string data)
    {
        var (name, flags) = ParseName(data);
        var leg = control.Leg;
        if (name.Length == 0 || !core.Answer(leg))
        {
            return;
        }

        if (!_rooms.TryGetValue(name, out var room))
        {
            _rooms[name] = room = new ConferenceRoom(name, ++_lastRoom, core.Services.Directory.Domain);
        }

        var member = new ConferenceMember(++_lastMember, leg)
        {
            Flags = flags.Contains("mute") ? RoomFlags.Hear : flags.Contains("deaf") ? RoomFlags.Speak : RoomFlags.Both,
            IsModerator = flags.Contains("moderator") || leg.Variables.IsTrue("conference_moderator") || Truth.IsTrue(leg.User?.Variables.GetValueOrDefault("moderator")),
        };
        room.Members.Add(member);
        leg.Variables.Set("conference_name", name);
        leg.Variables.Set("conference_uuid", room.Uuid);
        leg.Variables.Set("conference_member_id", member.Id.ToString(CultureInfo.InvariantCulture));
        core.Services.Media.JoinRoom(leg.Media, room.Number, member.Flags);
        Announce(room, member, "add-member");
        Channels.Listen();
        Channels.Joined(room, member);
        try
        {
            while (control.MayGoOn && !member.IsKicked && await control.ReceiveAsync() is var signal && signal is not (Signal.Gone or Signal.Redirected))
            {
                leg.Digits.Clear();
                if (signal is Signal.Digit { Value: '0' })
                {
                    SetFlags(room, member, member.Flags ^ RoomFlags.Speak);     // as FreeSWITCH's default controls: 0 mutes and back
                }
                else if (signal is Signal.Talking talking)
                {
                    OnTalking(room, member, talking);
                }
            }
        }
        finally
        {
            room.Members.Remove(member);
            if (leg.Media.IsOpen)
            {
                core.Services.Media.LeaveRoom(leg.Media);
            }

            Announce(room, member, "del-member");
            Channels.Left(room, member);
            if (room.Members.Count == 0)
            {
                _rooms.Remove(name);
            }
        }
    }

    private static (string Name, string[] Flags) ParseName(string data)
    {
        var text = data.Trim();
        var plus = text.IndexOf('+', StringComparison.Ordinal);
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var end = at >= 0 ? at : plus >= 0 ? plus : text.Length;
        var open = text.IndexOf("flags{", StringComparison.Ordinal);
        var close = open < 0 ? -1 : text.IndexOf('}', open);
        return (text[..end].Trim(), close < 0 ? [] : text[(open + 6)..close].Split(['|', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    private string Command(string arguments)
    {
        var words = Arguments.Split(arguments, 4);
        if (words.Count == 0 || (words.Count == 1 && words[0] == "list"))
        {
            return _rooms.Count == 0 ? "+OK No active conferences.\n" : string.Concat(_rooms.Values.Select(List));
        }

        if (!_rooms.TryGetValue(words[0], out var room))
        {
            return $"-ERR Conference {words[0]} not found\n";
        }

        var id = words.ElementAtOrDefault(2) ?? "";
        return words.ElementAtOrDefault(1) switch
        {
            null or "list" => id == "count" ? room.Members.Count.ToString(CultureInfo.InvariantCulture) : Members(room),
            "count" => room.Members.Count.ToString(CultureInfo.InvariantCulture),
            "mute" => Each(room, id, "mute", m => SetFlags(room, m, m.Flags & ~RoomFlags.Speak)),
            "unmute" => Each(room, id, "unmute", m => SetFlags(room, m, m.Flags | RoomFlags.Speak)),
            "tmute" => Each(room, id, "tmute", m => SetFlags(room, m, m.Flags ^ RoomFlags.Speak)),
            "deaf" => Each(room, id, "deaf", m => SetFlags(room, m, m.Flags & ~RoomFlags.Hear)),
            "undeaf" => Each(room, id, "undeaf", m => SetFlags(room, m, m.Flags | RoomFlags.Hear)),
            "kick" => Each(room, id, "kicked", Kick),
            "hup" => Each(room, id, "hup", m => core.Hangup(m.Leg, Abstractions.HangupCause.NormalClearing)),
            "play" => Play(room, id),
            "get-uuid" => room.Members.Find(m => m.Id.ToString(CultureInfo.InvariantCulture) == id)?.Leg.Uuid ?? $"-ERR Member: {id} not found.\n",
            _ => "-USAGE: conference <name> list|count|mute|unmute|deaf|undeaf|kick|hup|play|get-uuid [<id>|all|last]\n",
        };
    }

    private static string Each(ConferenceRoom room, string id, string done, Action<ConferenceMember> action)
    {
        var chosen = id switch
        {
            "all" => room.Members.ToList(),
            "last" => [.. room.Members.TakeLast(1)],
            _ => room.Members.Where(m => m.Id.ToString(CultureInfo.InvariantCulture) == id).ToList(),
        };
        if (chosen.Count == 0)
        {
            return $"-ERR Member: {id} not found.\n";
        }

        foreach (var member in chosen)
        {
            action(member);
        }

        return string.Concat(chosen.Select(m => $"+OK {done} {m.Id}\n"));
    }

    private void SetFlags(ConferenceRoom room, ConferenceMember member, RoomFlags flags)
    {
        member.Flags = flags;
        core.Services.Media.SetRoomFlags(member.Leg.Media, flags);
        Channels.Changed(room, member);
    }

    /// <summary>Who begins to talk has the floor, unless its holder is talking; who has it keeps it while all are quiet.</summary>
    private void OnTalking(ConferenceRoom room, ConferenceMember member, Signal.Talking talking)
    {
        (member.IsTalking, member.Energy) = (talking.Begins, talking.Energy);
        var holder = room.Members.Find(m => m.HasFloor);
        if (talking.Begins && holder is not { IsTalking: true })
        {
            member.HasFloor = true;
            if (holder is not null && holder != member)
            {
                holder.HasFloor = false;
                Channels.Changed(room, holder);
            }

            if (holder != member)
            {
                Announce(room, member, "floor-change");
            }
        }

        Announce(room, member, talking.Begins ? "start-talking" : "stop-talking");
        Channels.Changed(room, member);
    }

    private static void Kick(ConferenceMember member)
    {
        member.IsKicked = true;
        member.Leg.Deliver(new Signal.Break(All: true));
    }

    private string Play(ConferenceRoom room, string file)
    {
        if (file.Length == 0)
        {
            return "-ERR (play) No file\n";
        }

        foreach (var member in room.Members)
        {
            core.Spawn(member.Leg, async () =>
            {
                using var control = new LegControl(core.Services.Loop, member.Leg);
                await audio.PlayAsync(control, file);
            });
        }

        return $"+OK (play) Playing file {file}\n";
    }

    private static string List(ConferenceRoom room) =>
        $"+OK Conference {room.Name} ({room.Members.Count} member{(room.Members.Count == 1 ? "" : "s")} rate: 8000 flags: running|answered|dynamic)\n{Members(room)}";

    private static string Members(ConferenceRoom room) => string.Concat(room.Members.Select(m =>
        $"{m.Id};{m.Leg.ChannelName};{m.Leg.Uuid};{m.Leg.Profile.CallerName};{m.Leg.Profile.CallerNumber};{FlagText(m)};0;0;{m.Energy}\n"));

    private static string FlagText(ConferenceMember member) => string.Join('|', new[]
    {
        member.Flags.HasFlag(RoomFlags.Hear) ? "hear" : "",
        member.Flags.HasFlag(RoomFlags.Speak) ? "speak" : "",
        member.IsTalking ? "talking" : "",
        member.Leg.IsHeld ? "hold" : "",
        member.HasFloor ? "floor" : "",
        member.IsModerator ? "moderator" : "",
    }.Where(t => t.Length > 0));

    private void Announce(ConferenceRoom room, ConferenceMember member, string action)
    {
        if (core.Services.Events.IsWanted("CUSTOM"))
        {
            core.Announce.Custom("CUSTOM", "conference::maintenance",
            [
                new("Conference-Name", room.Name), new("Conference-Unique-ID", room.Uuid), new("Conference-Size", room.Members.Count.ToString(CultureInfo.InvariantCulture)),
                new("Action", action), new("Member-ID", member.Id.ToString(CultureInfo.InvariantCulture)), new("Unique-ID", member.Leg.Uuid),
                new("Caller-Caller-ID-Number", member.Leg.Profile.CallerNumber),
            ], null);
        }
    }
}
