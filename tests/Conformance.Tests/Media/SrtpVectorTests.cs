using XSwitchEngine.Media.Srtp;

namespace XSwitchEngine.Conformance.Tests.Media;

/// <summary>RFC 3711 and RFC 7714 by libcrypto and by the base library.</summary>
public sealed class SrtpVectorTests
{
    private static readonly VectorFile Rfc3711 = new("rfc3711");
    private static readonly VectorFile Rfc7714 = new("rfc7714");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Session_keys_are_derived_as_in_RFC_3711_B3(byte label)
    {
        var expected = Rfc3711[$"b3.label{label}"];
        var key = new byte[expected.Length];
        SrtpKeys.Derive(Rfc3711["b3.master.key"], Rfc3711["b3.master.salt"], label, key);
        Assert.Equal(expected, key);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Counter_mode_gives_the_key_stream_of_RFC_3711_B2(bool portable)
    {
        using var cipher = PacketCipher.Create(isGcm: false, encrypts: true, Rfc3711["b2.key"], new byte[20], portable);
        var stream = new byte[48];
        cipher.Crypt(Rfc3711["b2.counter"], stream, stream);
        Assert.Equal(Rfc3711["b2.stream"], stream);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_packet_under_the_key_of_RFC_3711_is_protected_and_unprotected(bool portable)
    {
        byte[] key = [.. Rfc3711["b3.master.key"], .. Rfc3711["b3.master.salt"]];
        using var sender = SrtpContext.Create(SrtpProfile.Sha1Tag80, sends: true, key, portable)!;
        using var receiver = SrtpContext.Create(SrtpProfile.Sha1Tag80, sends: false, key, portable)!;
        var buffer = new byte[100];
        Assert.Equal(Rfc3711["rtp.protected"], buffer[..sender.ProtectRtp(Rfc3711["rtp.plain"], buffer)]);
        Assert.Equal(Rfc3711["rtcp.protected"], buffer[..sender.ProtectRtcp(Rfc3711["rtcp.plain"], buffer)]);
        var packet = Rfc3711["rtp.protected"];
        Assert.True(receiver.UnprotectRtp(packet, out var length));
        Assert.Equal(Rfc3711["rtp.plain"], packet[..length]);
        packet = Rfc3711["rtcp.protected"];
        Assert.True(receiver.UnprotectRtcp(packet, out length));
        Assert.Equal(Rfc3711["rtcp.plain"], packet[..length]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Packets_are_sealed_and_opened_as_in_RFC_7714(bool portable)
    {
        using var sender = SrtpContext.FromSessionKeys(SrtpProfile.Gcm, sends: true, Rfc7714["key"], default, Rfc7714["salt"], 0x5D3, portable);
        using var receiver = SrtpContext.FromSessionKeys(SrtpProfile.Gcm, sends: false, Rfc7714["key"], default, Rfc7714["salt"], portable: portable);
        var buffer = new byte[100];
        Assert.Equal(Rfc7714["rtp.protected"], buffer[..sender.ProtectRtp(Rfc7714["rtp.plain"], buffer)]);
        Assert.Equal(Rfc7714["rtcp.protected"], buffer[..sender.ProtectRtcp(Rfc7714["rtcp.plain"], buffer)]);
        var packet = Rfc7714["rtp.protected"];
        Assert.True(receiver.UnprotectRtp(packet, out var length));
        Assert.Equal(Rfc7714["rtp.plain"], packet[..length]);
        packet = Rfc7714["rtcp.protected"];
        Assert.True(receiver.UnprotectRtcp(packet, out length));
        Assert.Equal(Rfc7714["rtcp.plain"], packet[..length]);
    }

    [Fact]
    public void Rtcp_that_is_only_tagged_is_refused()
    {
        using var receiver = SrtpContext.FromSessionKeys(SrtpProfile.Gcm, sends: false, Rfc7714["key"], default, Rfc7714["salt"]);
        Assert.False(receiver.UnprotectRtcp(Rfc7714["rtcp.clear"], out _));
    }
}
