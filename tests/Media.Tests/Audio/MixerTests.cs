using CsCheck;
using XSwitchEngine.Media.Audio;

namespace XSwitchEngine.Media.Tests.Audio;

public sealed class MixerTests
{
    [Fact]
    public void Each_member_hears_the_saturated_sum_of_the_others()
    {
        short[] heard = [30000, -30000, 100, 20000, -20000, 200, 5, -5, 300];
        var mixes = new short[9];
        Mixer.MixMinus(heard, mixes, 3);
        Assert.Equal([20005, -20005, 500, 30005, -30005, 400, 32767, -32768, 300], mixes);
    }

    [Fact]
    public void All_widths_give_what_plain_arithmetic_gives() =>
        Gen.Select(Gen.Int[1, 20], Gen.OneOf(Gen.Const(3), Gen.Const(80), Gen.Const(160), Gen.Const(320), Gen.Const(500), Gen.Const(960)), Gen.Int)
            .Sample((members, frame, seed) =>
            {
                var random = new Random(seed);
                var heard = new short[members * frame];
                for (var i = 0; i < heard.Length; i++)
                {
                    heard[i] = (short)random.Next(short.MinValue, short.MaxValue + 1);
                }

                var mixes = new short[heard.Length];
                Mixer.MixMinus(heard, mixes, frame);
                for (var i = 0; i < heard.Length; i++)
                {
                    var sum = 0;
                    for (var m = 0; m < members; m++)
                    {
                        sum += heard[(m * frame) + (i % frame)];
                    }

                    Assert.Equal(Math.Clamp(sum - heard[i], -32768, 32767), mixes[i]);
                }
            }, iter: 200);
}
