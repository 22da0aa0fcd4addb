using System.Diagnostics.CodeAnalysis;

namespace XSwitchEngine.Media;

/// <summary>A session description as received (RFC 8866), immutable.</summary>
/// <remarks>Lenient: any line end, any order after the first line, unknown lines and attributes are passed over.</remarks>
public sealed class SessionDescription
{
    /// <summary>Longest text that is read, characters.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>Most m= sections.</summary>
    public const int MaxMedia = 32;

    /// <summary>Most formats in one m= section.</summary>
    public const int MaxFormats = 128;

    /// <summary>Most a= lines in the whole description.</summary>
    public const int MaxAttributes = 2048;

    internal SessionDescription(long version, IReadOnlyList<MediaDescription> media, IReadOnlyList<string> bundle, bool iceLite)
    {
        Version = version;
        Media = media;
        Bundle = bundle;
        IceLite = iceLite;
    }

    /// <summary>The sess-version of the o= line; 0 when it cannot be read.</summary>
    public long Version { get; }

    /// <summary>The m= sections in their order.</summary>
    public IReadOnlyList<MediaDescription> Media { get; }

    /// <summary>The mids of the first a=group:BUNDLE (RFC 9143), in their order; empty without one.</summary>
    public IReadOnlyList<string> Bundle { get; }

    /// <summary>Whether the author answers checks only (RFC 8445 §2.5).</summary>
    public bool IceLite { get; }

    /// <summary>Reads a description.</summary>
    /// <param name="text">The body as received; a string converts by itself.</param>
    /// <param name="value">The description.</param>
    /// <param name="error">What is wrong and in which line.</param>
    /// <returns>False for what is not a session description, or exceeds a limit.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out SessionDescription? value, out string error)
    {
        if (text.Length > MaxLength)
        {
            value = null;
            error = $"longer than {MaxLength} characters";
            return false;
        }

        return new SdpParser().TryParse(text, out value, out error);
    }
}
