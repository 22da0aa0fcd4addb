using XSwitchEngine.Media.Audio;

namespace XSwitchEngine.Media.Tests.Audio;

public sealed class PlaybackSourceTests
{
    [Fact]
    public void Files_tones_silence_and_lists_are_told_apart()
    {
        Assert.Equal(("/a/b c.wav", 0L, 1, 0), File("/a/b c.wav"));
        Assert.Equal(("/a/b.wav", 4000L, 1, 0), File("/a/b.wav@@4000"));
        Assert.Equal(("/a/b.wav", 0L, 3, 2), File("{loops=3,vol=2}/a/b.wav"));
        Assert.Equal(("/a/b.wav", 0L, -1, -4), File("{loops=-1, vol=-9}{other=x}/a/b.wav"));
        Assert.Equal([SourceKind.File, SourceKind.Tone, SourceKind.Silence, SourceKind.File], Parse("file_string:///a.wav!tone_stream://5!silence_stream://100!/b.wav").Select(i => i.Kind));
        Assert.Equal(4, Parse("{loops=2}file_string:///a.wav!/b.wav").Count);
        Assert.Equal((-1, 0), Silence("silence_stream://-1"));
        Assert.Equal((500, 1400), Silence("silence_stream://500,1400"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("relative.wav")]
    [InlineData("{loops=3")]
    [InlineData("file_string://")]
    [InlineData("file_string://!!")]
    [InlineData("file_string:///a.wav!relative.wav")]
    [InlineData("tone_stream://nonsense")]
    [InlineData("silence_stream://")]
    [InlineData("silence_stream://1,x")]
    public void Nonsense_is_refused_with_a_reason(string text)
    {
        Assert.False(PlaybackSource.TryParse(text, out _, out var error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void A_list_has_its_bounds()
    {
        Assert.False(PlaybackSource.TryParse("file_string://" + string.Join('!', Enumerable.Repeat("/a.wav", 300)), out _, out var error));
        Assert.Equal("more than 256 files", error);
        Assert.False(PlaybackSource.TryParse("/" + new string('a', 20_000), out _, out error));
        Assert.Equal("longer than 16384 characters", error);
    }

    private static (string, long, int, int) File(string text) =>
        Assert.Single(Parse(text)) is { Kind: SourceKind.File } item ? (item.Path, item.StartSample, item.Loops, item.VolumeStep) : default;

    private static (int, int) Silence(string text) => Assert.Single(Parse(text)) is { Kind: SourceKind.Silence } item ? (item.SilenceMs, item.NoiseDivisor) : default;

    private static List<SourceItem> Parse(string text)
    {
        Assert.True(PlaybackSource.TryParse(text, out var items, out var error), error);
        return items;
    }
}
