using System.Globalization;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Calls.Api;
using XSwitchEngine.Core.Calls.Apps;

namespace XSwitchEngine.Core.Streams;

/// <summary>Streams: one leg publishes, any number play, nothing is decoded. The applications <c>stream_publish</c>, <c>stream_play</c> and <c>stream</c>. Core loop only.</summary>
/// <remarks>
/// A viewer may come before the publisher and then waits. The publisher's leaving ends its viewers. The same user who publishes again takes the stream over
/// (an encoder whose network changed); anybody else is refused as busy.
/// </remarks>
internal sealed class StreamRooms(CallCore core)
{
    /// <summary>Most characters of a name.</summary>
    public const int MaxName = 64;

    private readonly Dictionary<string, StreamRoom> _rooms = new(StringComparer.OrdinalIgnoreCase);
    private long _lastNumber;

    public void AddTo(ApplicationTable applications, ApiTable api)
    {
        applications.Add("stream_publish", PublishAsync);
        applications.Add("stream_play", PlayAsync);
        applications.Add("stream", (control, data) => Publishes(control.Leg) ? PublishAsync(control, data) : PlayAsync(control, data));
        api.Add("stream", Command);
    }

    /// <summary>Which way a leg goes that does not say: what came to a WHIP endpoint publishes.</summary>
    private static bool Publishes(Leg leg) => leg.Variables["whip_method"] is "whip";

    private async Task PublishAsync(LegControl control, string data)
    {
        var leg = control.Leg;
        if (!TryEnter(leg, data, out var room))
        {
            return;
        }

        if (room.Publisher is { } present && !IsSameUser(present, leg))
        {
            core.Hangup(leg, HangupCause.UserBusy, 0, $"stream {room.Name} has a publisher");
            return;
        }

        if (!core.Answer(leg))
        {
            Forget(room);
            return;
        }

        var former = room.Publisher;
        room.Publisher = leg;
        leg.Variables.Set("stream_name", room.Name);
        core.Services.Media.Publish(leg.Media, room.Number);
        if (former is not null)
        {
            core.Hangup(former, HangupCause.PickedOff, 0, "the stream was taken over");
        }

        Announce(room, leg, "publish-start");
        foreach (var viewer in room.Viewers.Where(v => !room.Fits(v)).ToList())
        {
            // It came first and guessed the codecs; when it comes again it gets the publisher's.
            core.Hangup(viewer, HangupCause.IncompatibleDestination, 0, "the stream has other codecs");
        }

        try
        {
            await StayAsync(control);
        }
        finally
        {
            Leave(leg);
            if (room.Publisher == leg)
            {
                room.Publisher = null;
                foreach (var viewer in room.Viewers.ToList())
                {
                    core.Hangup(viewer, HangupCause.NormalClearing, 0, "the stream has ended");
                }
            }

            Announce(room, leg, "publish-stop");
            Forget(room);
        }
    }

    private async Task PlayAsync(LegControl control, string data)
    {
        var leg = control.Leg;
        if (!TryEnter(leg, data, out var room))
        {
            return;
        }

        if (room.Publisher is null && leg.Variables.IsTrue("stream_require_publisher"))
        {
            core.Hangup(leg, HangupCause.UserBusy, 0, $"stream {room.Name} is not published yet");
            Forget(room);
            return;
        }

        if (!core.Answer(leg, room.Publisher?.Negotiated))
        {
            Forget(room);
            return;
        }

        if (!room.Fits(leg))
        {
            core.Hangup(leg, HangupCause.IncompatibleDestination, 0, "the stream has other codecs");
            Forget(room);
            return;
        }

        room.Viewers.Add(leg);
        leg.Variables.Set("stream_name", room.Name);
        core.Services.Media.Watch(leg.Media, room.Number);
        Announce(room, leg, "viewer-add");
        try
        {
            await StayAsync(control);
        }
        finally
        {
            Leave(leg);
            room.Viewers.Remove(leg);
            Announce(room, leg, "viewer-del");
            Forget(room);
        }
    }

    private static async Task StayAsync(LegControl control)
    {
        while (control.MayGoOn && await control.ReceiveAsync() is not (Signal.Gone or Signal.Redirected or Signal.Break))
        {
            control.Leg.Digits.Clear();
        }
    }

    private static bool IsSameUser(Leg present, Leg next) => present.User is { } user && next.User is { } other && user.Number == other.Number && user.Domain == other.Domain;

    private bool TryEnter(Leg leg, string data, out StreamRoom room)
    {
        room = null!;
        var name = data.Trim();
        if (name.Length is 0 or > MaxName || name.Any(char.IsControl))
        {
            core.Hangup(leg, HangupCause.InvalidNumberFormat, 0, "a stream's name has 1 to 64 characters");
            return false;
        }

        if (!_rooms.TryGetValue(name, out room!))
        {
            _rooms[name] = room = new StreamRoom(name, ++_lastNumber);
        }

        return true;
    }

    private void Leave(Leg leg)
    {
        if (leg.Media.IsOpen)
        {
            core.Services.Media.LeaveStream(leg.Media);
        }
    }

    private void Forget(StreamRoom room)
    {
        if (room.IsEmpty && _rooms.GetValueOrDefault(room.Name) == room)
        {
            _rooms.Remove(room.Name);
        }
    }

    private string Command(string arguments)
    {
        var words = Arguments.Split(arguments, 3);
        if (words.Count == 0 || (words.Count == 1 && words[0] == "list"))
        {
            var lines = _rooms.Values.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Name},{r.Publisher?.Uuid},{r.Viewers.Count}\n"));
            return $"name,publisher,viewers\n{string.Concat(lines)}\n{_rooms.Count} total.\n";
        }

        if (!_rooms.TryGetValue(words[0], out var room))
        {
            return $"-ERR Stream {words[0]} not found\n";
        }

        return words.ElementAtOrDefault(1) switch
        {
            null or "list" => Members(room),
            "kick" => Kick(room, words.ElementAtOrDefault(2) ?? ""),
            _ => "-USAGE: stream [list] | <name> list | <name> kick <uuid>|all\n",
        };
    }

    private static string Members(StreamRoom room) =>
        (room.Publisher is { } p ? Line(p, "publisher") : "") + string.Concat(room.Viewers.Select(v => Line(v, "viewer")));

    private static string Line(Leg leg, string role) => $"{role};{leg.Uuid};{leg.ChannelName};{leg.Profile.CallerNumber}\n";

    private string Kick(StreamRoom room, string who)
    {
        List<Leg> members = [.. room.Publisher is { } p ? [p] : Array.Empty<Leg>(), .. room.Viewers];
        var chosen = who == "all" ? members : members.FindAll(m => m.Uuid == who);
        foreach (var leg in chosen)
        {
            core.Hangup(leg, HangupCause.NormalClearing);
        }

        return chosen.Count == 0 ? $"-ERR {who} is not in the stream\n" : $"+OK kicked {chosen.Count}\n";
    }

    private void Announce(StreamRoom room, Leg leg, string action)
    {
        if (core.Services.Events.IsWanted("CUSTOM"))
        {
            core.Announce.Custom("CUSTOM", "stream::maintenance",
            [
                new("Stream-Name", room.Name), new("Stream-Viewers", room.Viewers.Count.ToString(CultureInfo.InvariantCulture)),
                new("Action", action), new("Unique-ID", leg.Uuid), new("Caller-Caller-ID-Number", leg.Profile.CallerNumber),
            ], null);
        }
    }
}
