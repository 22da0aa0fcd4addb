using System.Globalization;
using System.Text.Json;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.Methods;

/// <summary>Channel variables of a call with a client (§13).</summary>
internal static class CallVariables
{
    private static readonly (string Member, string Variable)[] Flags =
    [
        ("screenShare", "video_screen_share"),
        ("secondSource", "video_second_source"),
        ("dedEnc", "video_use_dedicated_encoder"),
        ("mirrorInput", "video_mirror_input"),
    ];

    private static readonly (string Member, string Variable)[] Profile = [("ani", "ani"), ("aniii", "aniii"), ("rdnis", "rdnis")];

    private static readonly string[] Audio = ["echoCancellation", "noiseSuppression", "autoGainControl"];

    public static IReadOnlyList<KeyValuePair<string, string>> Of(VertoContext context, VertoSession session, JsonElement dialog)
    {
        List<KeyValuePair<string, string>> variables =
        [
            new("verto_user", session.UserId),
            new("presence_id", session.UserId),
            new("verto_host", session.Domain),
            new("verto_client_address", session.Remote.ToString()),
            new("verto_profile_name", context.ProfileOf(session.Listener)),
            new("chat_proto", "verto"),
            new("jsock_uuid_str", session.Id),
            new("event_channel_cookie", session.Id),
            new("media_webrtc", "true"),

            // A page that is loaded again loses its media with its socket: they are waited for as long as it is.
            new("detach_timeout", ((int)context.Options.DetachTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture)),
        ];

        // What a client may set must not become what the directory grants or the engine acts on: only names of the
        // configured list stand for themselves, everything else is marked as the client's word.
        foreach (var (name, value) in session.UserVariables)
        {
            variables.Add(new("verto_dvar_" + name, value));
            if (context.Options.UserVariables.Contains(name))
            {
                variables.Add(new(name, value));
            }
        }

        variables.AddRange(OfDialog(dialog));
        return variables;
    }

    /// <summary>What the dialog's parameters say.</summary>
    public static IEnumerable<KeyValuePair<string, string>> OfDialog(JsonElement dialog)
    {
        foreach (var (name, value) in Login.Variables(dialog.Member("userVariables")))
        {
            yield return new("verto_dvar_" + name, value);
        }

        foreach (var side in new[] { "name", "number" })
        {
            if (Clean.Text(dialog.TextOrNumber("remote_caller_id_" + side), 256) is { Length: > 0 } remote)
            {
                yield return new("verto_remote_caller_id_" + side, remote);
            }
        }

        foreach (var (member, variable) in Profile)
        {
            if (Clean.Text(dialog.TextOrNumber(member), 256) is { Length: > 0 } value)
            {
                yield return new(variable, value);
            }
        }

        foreach (var (member, variable) in Flags)
        {
            if (dialog.IsTrue(member))
            {
                yield return new(variable, "true");
            }
        }

        foreach (var (member, variable) in new[] { ("outgoingBandwidth", "rtp_video_max_bandwidth_in"), ("incomingBandwidth", "rtp_video_max_bandwidth_out") })
        {
            if (int.TryParse(dialog.TextOrNumber(member), out var kbps) && kbps is > 0 and <= 1_000_000)
            {
                yield return new(variable, $"{kbps}kb");
            }
        }

        if (int.TryParse(dialog.TextOrNumber("conferenceCanvasID"), out var canvas) && canvas >= 0)
        {
            yield return new("video_initial_watching_canvas", canvas.ToString());
            yield return new("video_second_screen", "true");
        }

        var audio = dialog.Member("audio");
        foreach (var name in Audio)
        {
            if (audio.Member(name).ValueKind is JsonValueKind.True or JsonValueKind.False)
            {
                yield return new("verto_" + name, audio.Member(name).GetBoolean() ? "true" : "false");
            }
        }
    }
}
