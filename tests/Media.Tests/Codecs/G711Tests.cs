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
    public void Every_sample_gets_a_code_whose_value_is_as_near_as_any()
    {
        var samples = Enumerable.Range(short.MinValue, 65536).Where(s => s % 7 == 0).Select(s => (short)s).ToArray();
        var mu = new byte[samples.Length];
        var a = new byte[samples.Length];
        G711.EncodeMuLaw(samples, mu);
        G711.EncodeALaw(samples, a);
        for (var i = 0; i < samples.Length; i++)
        {
            // The codecs see 14 and 13 bits: the 2 and 3 bits cut off move the middle between two values by less than 4 and 8.
            var nearestMu = Math.Abs(RtpCodec.FromMuLaw(RtpCodec.ToMuLaw(samples[i])) - samples[i]);
            Assert.InRange(Math.Abs(RtpCodec.FromMuLaw(mu[i]) - samples[i]), nearestMu, nearestMu + 8);
            var nearestA = Math.Abs(RtpCodec.FromALaw(RtpCodec.ToALaw(samples[i])) - samples[i]);
            Assert.InRange(Math.Abs(RtpCodec.FromALaw(a[i]) - samples[i]), nearestA, nearestA + 16);
        }
    }
}
