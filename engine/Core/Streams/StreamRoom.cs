using XSwitchEngine.Core.Calls;

namespace XSwitchEngine.Core.Streams;

/// <summary>One stream: who publishes it and who plays it. Core loop only.</summary>
/// <param name="name">Its name, as first written.</param>
/// <param name="number">Its number in the media plane.</param>
internal sealed class StreamRoom(string name, long number)
{
    public string Name { get; } = name;

    public long Number { get; } = number;

    /// <summary>The leg that publishes; null while viewers wait for one.</summary>
    public Leg? Publisher { get; set; }

    public List<Leg> Viewers { get; } = [];

    /// <summary>Whether nobody is here any more.</summary>
    public bool IsEmpty => Publisher is null && Viewers.Count == 0;

    /// <summary>Whether a viewer would get anything of what is published.</summary>
    /// <param name="viewer">An answered leg.</param>
    public bool Fits(Leg viewer)
    {
        if (Publisher?.Negotiated is not { } source || viewer.Negotiated is not { } sink)
        {
            return true;
        }

        var audio = source.Audio.Exists && sink.Audio.Exists && source.Audio.Codec == sink.Audio.Codec;
        var video = source.Video is { } from && sink.Video is { } to && from.Format.Matches(to.Format);
        return audio || video;
    }
}
