using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <summary>Reads codec strings such as <c>PCMU,PCMA@20i,L16@16000h</c>.</summary>
internal static class CodecNames
{
    /// <summary>Reads a list; unknown names are left out.</summary>
    /// <param name="text">Comma-separated.</param>
    public static List<CodecOption> ParseList(string text)
    {
        var list = new List<CodecOption>();
        foreach (var item in text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (TryParse(item, out var codec) && !list.Contains(codec))
            {
                list.Add(codec);
            }
        }

        return list;
    }

    /// <summary>Whether a list names a video codec, or none at all of audio.</summary>
    /// <param name="text">Comma-separated.</param>
    public static bool NamesVideo(string text) => VideoFormat.All.Any(f => Names(text, f.Name));

    /// <summary>Whether a codec string has a codec of a name.</summary>
    /// <param name="text">The codec string.</param>
    /// <param name="name">Such as <c>VP8</c>, in any case.</param>
    public static bool Names(string text, string name) => text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Any(item => item.Split('@')[0].Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads one name with its options.</summary>
    /// <param name="text">Such as <c>L16@16000h@20i</c>.</param>
    /// <param name="codec">The codec.</param>
    public static bool TryParse(string text, out CodecOption codec)
    {
        var parts = text.Split('@');
        var rate = parts.Skip(1).Where(p => p.EndsWith('h')).Select(p => int.TryParse(p.AsSpan(0, p.Length - 1), out var r) ? r : 0).FirstOrDefault();
        codec = parts[0].ToUpperInvariant() switch
        {
            "PCMU" => new(AudioCodec.Pcmu, 8000),
            "PCMA" => new(AudioCodec.Pcma, 8000),
            "G722" => new(AudioCodec.G722, 16000),
            "OPUS" => new(AudioCodec.Opus, 48000),
            "L16" => new(AudioCodec.L16, rate is 8000 or 16000 or 48000 ? rate : 8000),
            _ => default,
        };
        return codec.RateHz != 0;
    }
}
