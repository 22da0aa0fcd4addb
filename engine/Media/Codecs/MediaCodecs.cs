using XSwitchEngine.Media.Codecs;

namespace XSwitchEngine.Media;

/// <summary>What this engine can do with codecs on this machine.</summary>
public static class MediaCodecs
{
    /// <summary>Whether Opus can be encoded and decoded here; passing it through is always possible.</summary>
    public static bool OpusIsAvailable => Opus.IsAvailable;

    /// <summary>The Debian package that Opus needs.</summary>
    public static string OpusPackage => Opus.Package;

    /// <summary>Whether two streams can be joined: passed through, or decoded and encoded again.</summary>
    /// <param name="a">One.</param>
    /// <param name="b">The other.</param>
    /// <param name="reason">Why not, in words.</param>
    public static bool CanJoin(AudioStream a, AudioStream b, out string reason)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return CanJoin(a, b, OpusIsAvailable, out reason);
    }

    internal static bool CanJoin(AudioStream a, AudioStream b, bool hasOpus, out string reason)
    {
        var converts = a.Exists && b.Exists && a.Codec != b.Codec;
        reason = converts && !hasOpus && (a.Codec.Codec == AudioCodec.Opus || b.Codec.Codec == AudioCodec.Opus)
            ? $"{a.Codec.Name} cannot be converted to {b.Codec.Name} without libopus: apt-get install {OpusPackage}"
            : "";
        return reason.Length == 0;
    }
}
