using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace XSwitchEngine.Media.Audio;

/// <summary>Kinds of things that can be played.</summary>
internal enum SourceKind : byte
{
    File,
    Tone,
    Silence,
}

/// <summary>One thing to play.</summary>
/// <param name="Kind">Which of the following counts.</param>
/// <param name="Path">The file.</param>
/// <param name="StartSample">Where in the file to begin.</param>
/// <param name="Loops">How often; −1 for ever. Tones have their own loops within.</param>
/// <param name="VolumeStep">−4..4.</param>
/// <param name="Tone">The tone.</param>
/// <param name="SilenceMs">Length of the silence; −1 for ever.</param>
/// <param name="NoiseDivisor">0 for pure silence; else full scale divided by this is the noise's peak.</param>
internal sealed record SourceItem(SourceKind Kind, string Path, long StartSample, int Loops, int VolumeStep, ToneScript? Tone, int SilenceMs, int NoiseDivisor);

/// <summary>Reads playback strings: file names, <c>tone_stream://</c>, <c>silence_stream://</c>, <c>file_string://a!b</c>, with <c>{loops=n,vol=n}</c> before them.</summary>
internal static class PlaybackSource
{
    private const int MaxLength = 16 * 1024;
    private const int MaxItems = 256;

    /// <summary>Reads a playback string.</summary>
    /// <param name="text">As in the Lua API; file names absolute.</param>
    /// <param name="items">At least one.</param>
    /// <param name="error">What is wrong.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out List<SourceItem>? items, out string error)
    {
        items = [];
        if (text.Length > MaxLength)
        {
            error = $"longer than {MaxLength} characters";
        }
        else if (TryRead(text.AsSpan().Trim(), 1, 0, items, out error))
        {
            return true;
        }

        items = null;
        return false;
    }

    private static bool TryRead(ReadOnlySpan<char> text, int loops, int volume, List<SourceItem> items, out string error)
    {
        if (!TryParameters(ref text, ref loops, ref volume, out error))
        {
            return false;
        }

        const string FileString = "file_string://";
        if (!text.StartsWith(FileString, StringComparison.OrdinalIgnoreCase))
        {
            return TryItem(text, loops, volume, items, out error);
        }

        // The list is played as often as its own prefix says, so it is unrolled within the bound on items.
        var list = text[FileString.Length..];
        var rounds = Math.Clamp(loops, 1, MaxItems);
        for (var round = 0; round < rounds; round++)
        {
            foreach (var range in list.Split('!'))
            {
                var (itemLoops, itemVolume) = (1, volume);
                var item = list[range].Trim();
                if (!item.IsEmpty && (!TryParameters(ref item, ref itemLoops, ref itemVolume, out error) || !TryItem(item, itemLoops, itemVolume, items, out error)))
                {
                    return false;
                }
            }
        }

        error = items.Count == 0 ? "nothing to play" : "";
        return items.Count > 0;
    }

    private static bool TryParameters(ref ReadOnlySpan<char> text, ref int loops, ref int volume, out string error)
    {
        error = "";
        while (!text.IsEmpty && text[0] == '{')
        {
            var end = text.IndexOf('}');
            if (end < 0)
            {
                error = "{ without }";
                return false;
            }

            foreach (var range in text[1..end].Split(','))
            {
                var pair = text[1..end][range];
                var equals = pair.IndexOf('=');
                if (equals < 0 || !int.TryParse(pair[(equals + 1)..].Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
                {
                    continue; // parameters of other sources are none of ours
                }

                switch (pair[..equals].Trim())
                {
                    case "loops":
                        loops = value < 0 ? -1 : Math.Max(1, value);
                        break;
                    case "vol" or "volume":
                        volume = Math.Clamp(value, -4, 4);
                        break;
                    default:
                        break;
                }
            }

            text = text[(end + 1)..].TrimStart();
        }

        return true;
    }

    private static bool TryItem(ReadOnlySpan<char> text, int loops, int volume, List<SourceItem> items, out string error)
    {
        const string ToneStream = "tone_stream://", SilenceStream = "silence_stream://";
        if (items.Count == MaxItems)
        {
            error = $"more than {MaxItems} files";
            return false;
        }

        if (text.StartsWith(ToneStream, StringComparison.OrdinalIgnoreCase))
        {
            if (!ToneScript.TryParse(text[ToneStream.Length..], out var tone, out error))
            {
                return false;
            }

            items.Add(new SourceItem(SourceKind.Tone, "", 0, loops, volume, tone, 0, 0));
            return true;
        }

        if (text.StartsWith(SilenceStream, StringComparison.OrdinalIgnoreCase))
        {
            return TrySilence(text[SilenceStream.Length..], items, out error);
        }

        return TryFile(text, loops, volume, items, out error);
    }

    private static bool TrySilence(ReadOnlySpan<char> text, List<SourceItem> items, out string error)
    {
        var comma = text.IndexOf(',');
        var noise = 0;
        if (!int.TryParse(comma < 0 ? text : text[..comma], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var ms)
            || (comma >= 0 && !int.TryParse(text[(comma + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out noise)))
        {
            error = "silence_stream:// wants ms[,noise]";
            return false;
        }

        error = "";
        items.Add(new SourceItem(SourceKind.Silence, "", 0, 1, 0, null, Math.Max(-1, ms), Math.Max(0, noise)));
        return true;
    }

    private static bool TryFile(ReadOnlySpan<char> text, int loops, int volume, List<SourceItem> items, out string error)
    {
        var start = 0L;
        var at = text.LastIndexOf("@@");
        if (at > 0 && long.TryParse(text[(at + 2)..], NumberStyles.None, CultureInfo.InvariantCulture, out var sample))
        {
            start = sample;
            text = text[..at];
        }

        var path = text.Trim().ToString();
        if (!Path.IsPathFullyQualified(path))
        {
            error = $"not an absolute file name: {path}";
            return false;
        }

        error = "";
        items.Add(new SourceItem(SourceKind.File, path, start, loops, volume, null, 0, 0));
        return true;
    }
}
