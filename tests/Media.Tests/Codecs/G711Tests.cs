using XSwitchEngine.Media.Codecs;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Codecs;

public sealed class G711Tests
{
    [Fact]
    public void Every_code_decodes_to_the_value_of_the_recommendations_tables()
    {
        var codes = Enumerable.Range(0, 256).Select(c => (byte)c).ToArray();
        var mu = new short[256];
        var a = new short[256];
        G711.DecodeMuLaw(codes, mu);
        G711.DecodeALaw(codes, a);
        Assert.Equal(codes.Select(RtpCodec.FromMuLaw), mu);
        Assert.Equal(codes.Select(RtpCodec.FromALaw), a);
    }

    [Theory]
    [InlineData(0, 0xFF, 0xD5)]
    [InlineData(32767, 0x80, 0xAA)]
    [InlineData(-32768, 0x00, 0x2A)]
    [InlineData(-1, 0x7F, 0x55)]
    public void Corner_values_have_the_codes_of_the_recommendations_tables(short sample, byte mu, byte a)
    {
        var code = new byte[1];
        G711.EncodeMuLaw([sample], code);
        Assert.Equal(mu, code[0]);
        G711.EncodeALaw([sample], code);
        Assert.Equal(a, code[0]);
    }

    [Fact]
    public void Every_sample_is_off_by_at_most_half_a_step_of_its_segment()
    {
        var samples = Enumerable.Range(short.MinValue, 65536).Select(s => (short)s).ToArray();
        var mu = new byte[samples.Length];
        var a = new byte[samples.Length];
        G711.EncodeMuLaw(samples, mu);
        G711.EncodeALaw(samples, a);
        for (var i = 0; i < samples.Length; i++)
        {
            // µ-law counts in steps of 8 in its first segment and twice as much in each further one, and clips at ±32635 (8159 on 14 bits).
            var muStep = 8 << ((255 - mu[i]) / 16 % 8);
            Assert.True(Math.Abs(RtpCodec.FromMuLaw(mu[i]) - Math.Clamp((int)samples[i], -32635, 32635)) <= muStep / 2, $"{samples[i]}");

            // A-law has steps of 16 in its first two segments, then doubling.
            var aStep = 16 << Math.Max(0, ((a[i] ^ 0x55) / 16 % 8) - 1);
            Assert.True(Math.Abs(RtpCodec.FromALaw(a[i]) - samples[i]) <= aStep / 2, $"{samples[i]}");
        }
    }
}
