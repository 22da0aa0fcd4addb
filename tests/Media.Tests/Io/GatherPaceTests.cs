using XSwitchEngine.Media.Io;

namespace XSwitchEngine.Media.Tests.Io;

/// <summary>A media loop rests only while enough packets come meanwhile, and never past what is due.</summary>
public sealed class GatherPaceTests
{
    /// <summary>A loop that looks at each packet, or at those that gathered, for two seconds of an even stream.</summary>
    private static (GatherPace Pace, int Rests, int Looks) Run(int packetsPerSecond, long delayUs = -1, long longestUs = 1000)
    {
        var pace = new GatherPace(longestUs);
        var gap = 1_000_000.0 / packetsPerSecond;
        var (next, rests, looks) = (gap, 0, 0);
        for (double now = 0; now < 2_000_000; looks++)
        {
            var rest = pace.RestUs(delayUs);
            rests += rest > 0 ? 1 : 0;
            now = rest > 0 ? now + rest : next;
            var packets = 0;
            for (; next <= now; next += gap)
            {
                packets++;
            }

            pace.Looked(packets, (long)now);
        }

        return (pace, rests, looks);
    }

    [Theory]
    [InlineData(50, false)]         // one call
    [InlineData(1000, false)]
    [InlineData(2500, false)]
    [InlineData(4000, true)]
    [InlineData(10_000, true)]
    [InlineData(100_000, true)]
    public void It_rests_when_several_packets_come_meanwhile(int packetsPerSecond, bool rests)
    {
        var run = Run(packetsPerSecond);
        Assert.Equal(rests ? 1000 : 0, run.Pace.RestUs(-1));
        Assert.True(rests ? run.Looks < 2300 : run.Rests == 0, $"{run.Rests} rests, {run.Looks} looks");
    }

    [Theory]
    [InlineData(-1, 1000)]
    [InlineData(20_000, 1000)]
    [InlineData(700, 700)]
    [InlineData(199, 0)]
    [InlineData(0, 0)]
    public void It_never_rests_past_what_is_due(long delayUs, long expected) => Assert.Equal(expected, Run(100_000).Pace.RestUs(delayUs));

    [Fact]
    public void It_stops_soon_when_the_packets_stop()
    {
        var pace = Run(10_000).Pace;
        var rests = 0;
        for (var now = 2_001_000L; pace.RestUs(-1) > 0; now += 1000, rests++)
        {
            pace.Looked(0, now);
        }

        Assert.InRange(rests, 1, 20);
    }

    [Fact]
    public void Switched_off_it_never_rests() => Assert.Equal((0, 0L), Run(100_000, longestUs: 0) is var run ? (run.Rests, run.Pace.RestUs(-1)) : default);
}
