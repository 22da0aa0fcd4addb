using System.Globalization;
using System.Text;
using System.Text.Json;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Conference;

/// <summary>One party of a conference. Core loop only.</summary>
internal sealed class ConferenceMember(int id, Leg leg)
{
    public int Id { get; } = id;

    public Leg Leg { get; } = leg;

    public RoomFlags Flags { get; set; }

    public bool IsModerator { get; init; }

    public bool IsKicked { get; set; }

    public bool IsTalking { get; set; }

    /// <summary>Whether the others look at it: who talked first and still does, or did last.</summary>
    public bool HasFloor { get; set; }

    /// <summary>Mean of the absolute samples when it last began or ended talking.</summary>
    public int Energy { get; set; }

    /// <summary>The Verto session that its page has; empty for others.</summary>
    public string SessionId => Leg.Variables["event_channel_cookie"] ?? "";

    /// <summary>Its row of the live array (spec: verto.md 11.3).</summary>
    /// <param name="w">Where to.</param>
    public void WriteRow(Utf8JsonWriter w)
    {
        var session = Leg.Negotiated;
        var codec = session is { Audio: { Exists: true } audio } ? $"{audio.Codec.Name.ToLowerInvariant()}@{audio.Codec.RateHz}" : "";
        w.WriteStartArray();
        w.WriteStringValue(Id.ToString("0000", CultureInfo.InvariantCulture));
        w.WriteStringValue(Leg.Profile.CallerNumber);
        w.WriteStringValue(Leg.Profile.CallerName);
        w.WriteStringValue(codec);
        w.WriteStringValue(Status());
        w.WriteStartObject();
        foreach (var (name, value) in Leg.Variables.Snapshot.Where(v => v.Key.StartsWith("verto_dvar_", StringComparison.Ordinal)))
        {
            w.WriteString(name["verto_dvar_".Length..], value);
        }

        w.WriteEndObject();
        w.WriteNullValue();
        w.WriteEndArray();
    }

    /// <summary>Its state as JSON text within the row.</summary>
    private string Status()
    {
        var isMuted = !Flags.HasFlag(RoomFlags.Speak);
        var hasVideo = Leg.Negotiated?.Video is { } video && video.Direction != MediaDirection.Inactive;
        using var stream = new MemoryStream();
        using (var w = new Utf8JsonWriter(stream))
        {
            w.WriteStartObject();
            w.WriteStartObject("audio");
            w.WriteBoolean("muted", isMuted);
            w.WriteBoolean("deaf", !Flags.HasFlag(RoomFlags.Hear));
            w.WriteBoolean("onHold", Leg.IsHeld);
            w.WriteBoolean("talking", IsTalking);
            w.WriteBoolean("floor", HasFloor);
            w.WriteNumber("energyScore", Energy);
            w.WriteEndObject();
            w.WriteBoolean("video", false);
            w.WriteString("oldStatus", (Leg.IsHeld ? "HOLD" : isMuted ? "MUTE" : IsTalking ? HasFloor ? "TALKING (FLOOR)" : "TALKING" : HasFloor ? "FLOOR" : "ACTIVE") + (hasVideo ? " VIDEO" : ""));
            w.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}

/// <summary>One conference. Core loop only.</summary>
internal sealed class ConferenceRoom(string name, long number, string domain)
{
    public string Name { get; } = name;

    public long Number { get; } = number;

    public string Domain { get; } = domain;

    public string Uuid { get; } = Guid.NewGuid().ToString();

    public List<ConferenceMember> Members { get; } = [];

    /// <summary>Number of the last change of the live array; every change is exactly one more.</summary>
    public long WireSerial { get; set; }

    public string LiveArrayChannel => $"conference-liveArray.{Name}@{Domain}";

    public string ChatChannel => $"conference-chat.{Name}@{Domain}";

    public string InfoChannel => $"conference-info.{Name}@{Domain}";

    public string ModeratorChannel => $"conference-mod.{Name}@{Domain}";
}
