using System.Net;
using System.Security.Cryptography;
using System.Text;
using XSwitchEngine.Media.Ice;
using XSwitchEngine.Media.Io;

namespace XSwitchEngine.Conformance.Tests.Media;

/// <summary>RFC 5769, read and written.</summary>
public sealed class StunVectorTests
{
    private static readonly VectorFile Vectors = new("rfc5769");
    private static readonly byte[] Password = "VOkJxbRl1RmTxUk/WvJxBt"u8.ToArray();

    [Fact]
    public void The_sample_request_is_read_and_authentic()
    {
        Assert.True(StunMessage.TryParse(Vectors["request"], out var message));
        Assert.Equal(StunType.BindingRequest, message.Type);
        Assert.Equal("evtj:h6vY", Encoding.UTF8.GetString(message.Username));
        Assert.Equal(0x6E0001FFu, message.Priority);
        Assert.True(message.IsControlled);
        Assert.False(message.IsControlling);
        Assert.True(message.HasRightFingerprint());
        Assert.True(message.IsAuthentic(Password));
        Assert.False(message.IsAuthentic("VOkJxbRl1RmTxUk/WvJxBu"u8));
    }

    [Theory]
    [InlineData("responseIPv4", "192.0.2.1")]
    [InlineData("responseIPv6", "2001:db8:1234:5678:11:2233:4455:6677")]
    public void The_sample_responses_are_read_and_written_to_the_byte(string name, string address)
    {
        var vector = Vectors[name];
        var mapped = NetAddress.From(IPAddress.Parse(address), 32853);
        Assert.True(StunMessage.TryParse(vector, out var message));
        Assert.Equal(StunType.BindingSuccess, message.Type);
        Assert.Equal(mapped, message.MappedAddress);
        Assert.True(message.HasRightFingerprint() && message.IsAuthentic(Password));

        var buffer = new byte[200];
        var writer = new StunWriter(buffer, StunType.BindingSuccess, message.TransactionId);
        writer.Add(StunAttribute.Software, "test vector"u8, padding: 0x20);
        writer.AddMappedAddress(mapped);
        writer.AddIntegrity(Password);
        writer.AddFingerprint();
        Assert.Equal(vector, buffer[..writer.Length]);
    }

    [Fact]
    public void The_long_term_request_is_authentic_under_its_key()
    {
        Assert.True(StunMessage.TryParse(Vectors["longTerm"], out var message));
        Assert.Equal("マトリックス", Encoding.UTF8.GetString(message.Username));
#pragma warning disable CA5351 // the long-term key is an MD5 (RFC 8489 §9.2.2)
        Assert.True(message.IsAuthentic(MD5.HashData(Encoding.UTF8.GetBytes("マトリックス:example.org:TheMatrIX"))));
#pragma warning restore CA5351
    }

    [Theory]
    [InlineData("request")]
    [InlineData("responseIPv4")]
    [InlineData("responseIPv6")]
    [InlineData("longTerm")]
    public void Cut_at_any_length_or_changed_in_any_byte_no_vector_is_authentic(string name)
    {
        var vector = Vectors[name];
        for (var length = 0; length < vector.Length; length++)
        {
            Assert.False(StunMessage.TryParse(vector.AsSpan(0, length), out var cut) && cut.IsAuthentic(Password) && cut.HasRightFingerprint());
        }

        for (var at = 0; at < vector.Length * 8; at++)
        {
            var changed = (byte[])vector.Clone();
            changed[at / 8] ^= (byte)(1 << (at % 8));
            Assert.False(StunMessage.TryParse(changed, out var message) && message.IsAuthentic(Password) && message.HasRightFingerprint());
        }
    }
}
