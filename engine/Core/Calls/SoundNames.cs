namespace XSwitchEngine.Core.Calls;

/// <summary>Turns the playback strings of scripts into those of the media plane: absolute file names, one rate.</summary>
internal static class SoundNames
{
    private static readonly string[] Rates = ["8000", "16000", "48000"];

    /// <summary>Resolves a playback string.</summary>
    /// <param name="text">As in a script: a file name, a list, a stream.</param>
    /// <param name="leg">Whose codec decides the rate, and whose variables the prefix.</param>
    /// <param name="services">The services.</param>
    public static string Resolve(string text, Leg leg, CallServices services)
    {
        text = text.Trim();
        if (leg.Variables["playback_delimiter"] is { Length: > 0 } delimiter && !text.Contains("://", StringComparison.Ordinal) && text.Contains(delimiter, StringComparison.Ordinal))
        {
            text = "file_string://" + text.Replace(delimiter, "!", StringComparison.Ordinal);
        }

        var parameters = "";
        if (text.StartsWith('{') && text.IndexOf('}', StringComparison.Ordinal) is > 0 and var close)
        {
            parameters = text[..(close + 1)];
            text = text[(close + 1)..];
        }

        if (text.StartsWith("file_string://", StringComparison.OrdinalIgnoreCase))
        {
            return parameters + "file_string://" + string.Join('!', text[14..].Split('!', StringSplitOptions.RemoveEmptyEntries).Select(p => Resolve(p, leg, services)));
        }

        if (text.StartsWith("local_stream://", StringComparison.OrdinalIgnoreCase))
        {
            return "{loops=-1}" + File(text[15..] is "moh" or "default" or "" ? "music.wav" : text[15..] + ".wav", leg, services);
        }

        if (text.StartsWith("%(", StringComparison.Ordinal) || text.StartsWith("v=", StringComparison.Ordinal) || text.StartsWith("L=", StringComparison.Ordinal))
        {
            return parameters + "tone_stream://" + text;
        }

        return text.Contains("://", StringComparison.Ordinal) ? parameters + text : parameters + File(text, leg, services);
    }

    /// <summary>What a leg that waits hears: its variable <c>hold_music</c>, else the engine's.</summary>
    /// <param name="leg">The leg that waits.</param>
    /// <param name="services">The services.</param>
    public static string HoldMusic(Leg leg, CallServices services) =>
        Resolve(leg.Variables["hold_music"] ?? services.Globals["hold_music"] ?? "local_stream://moh", leg, services) is var music
            && music.StartsWith('{') ? music : "{loops=-1}" + music;

    /// <summary>Turns the name of a file to be written into an absolute path.</summary>
    /// <param name="text">Absolute, or below the recordings directory.</param>
    /// <param name="services">The services.</param>
    public static string Recording(string text, CallServices services) =>
        Path.GetFullPath(text, services.Globals["recordings_dir"] ?? Path.Combine(services.Options.DataDirectory, "recordings"));

    private static string File(string name, Leg leg, CallServices services)
    {
        var offset = "";
        if (name.LastIndexOf("@@", StringComparison.Ordinal) is > 0 and var at)
        {
            offset = name[at..];
            name = name[..at];
        }

        if (Path.IsPathRooted(name))
        {
            return name + offset;
        }

        if (Path.GetExtension(name).Length == 0)
        {
            name += ".wav";
        }

        var prefix = leg.Variables["sound_prefix"] ?? services.Globals["sound_prefix"] ?? Path.GetFullPath(services.Options.SoundDirectory);
        var rate = leg.Negotiated?.Audio.Codec.RateHz.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "8000";
        foreach (var candidate in Rates.OrderBy(r => r == rate ? 0 : 1).Prepend("").Distinct())
        {
            foreach (var path in Candidates(prefix, candidate, name))
            {
                if (System.IO.File.Exists(path))
                {
                    return path + offset;
                }
            }
        }

        return Path.GetFullPath(name, prefix) + offset;
    }

    /// <summary><c>prefix/name</c>, <c>prefix/8000/name</c>, and FreeSWITCH's <c>prefix/ivr/8000/name</c> for <c>ivr/name</c>.</summary>
    private static IEnumerable<string> Candidates(string prefix, string rate, string name)
    {
        if (rate.Length == 0)
        {
            yield return Path.Combine(prefix, name);
            yield break;
        }

        yield return Path.Combine(prefix, rate, name);
        if (name.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash)
        {
            yield return Path.Combine(prefix, name[..slash], rate, name[(slash + 1)..]);
        }
    }
}
