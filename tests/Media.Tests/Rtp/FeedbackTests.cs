using System.Buffers.Binary;
using XSwitchEngine.Media.Rtp;

namespace XSwitchEngine.Media.Tests.Rtp;

public sealed class FeedbackTests
{
    [Fact] // RFC 4585 §6.2.1: PID and the sixteen after it
    public void Lost_numbers_are_packed_into_masks()
    {
        var packet = new byte[64];
        var length = RtcpFeedback.WriteNack(packet, 0x11111111, 0x22222222, [65530, 65531, 65535, 10, 11, 100]);
        Assert.Equal(
            [
                0x81, 205, 0, 5, 0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x22, 0x22,
                0xFF, 0xFA, 0x80, 0x11, // 65530, +1, +5, +16 = 10
                0x00, 0x0B, 0x00, 0x00,
                0x00, 0x64, 0x00, 0x00,
            ],
            packet[..length]);
    }

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(262_143)]
    [InlineData(30_000)]
    [InlineData(2_500_000_000)]
    public void A_bandwidth_survives_its_mantissa_and_exponent(long bitrateBps)
    {
        var packet = new byte[24];
        Assert.Equal(24, RtcpFeedback.WriteBandwidth(packet, 1, 99, bitrateBps));
        Assert.True(RtcpFeedback.TryReadBandwidth(packet.AsSpan(12), 99, out var read));
        Assert.InRange(read, bitrateBps * 0.9999, bitrateBps);
        Assert.False(RtcpFeedback.TryReadBandwidth(packet.AsSpan(12), 98, out _));
        for (var length = 0; length < 12; length++)
        {
            Assert.False(RtcpFeedback.TryReadBandwidth(packet.AsSpan(12, length), 99, out _));
        }
    }

    [Fact] // RFC 8285 §4.2 and §4.3
    public void Extensions_are_found_in_both_forms_and_never_beyond_the_packet()
    {
        byte[] shorts = [0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0xBE, 0xDE, 0, 2, 0x31, 0xAB, 0xCD, 0, 0x40, 0x77, 0, 0, 1];
        byte[] longs = [0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0x10, 0x05, 0, 2, 3, 2, 0xAB, 0xCD, 0, 20, 1, 0x77, 1];
        Assert.True(RtpExtensions.TryFind(shorts, 3, out var value));
        Assert.Equal([0xAB, 0xCD], value.ToArray());
        Assert.True(RtpExtensions.TryFind(shorts, 4, out value));
        Assert.Equal([0x77], value.ToArray());
        Assert.False(RtpExtensions.TryFind(shorts, 5, out _));
        Assert.True(RtpExtensions.TryFind(longs, 3, out value));
        Assert.Equal([0xAB, 0xCD], value.ToArray());
        Assert.True(RtpExtensions.TryFind(longs, 20, out value));
        Assert.Equal([0x77], value.ToArray());
        var random = new Random(3);
        for (var i = 0; i < 50_000; i++)
        {
            var packet = new byte[random.Next(12, 40)];
            random.NextBytes(packet);
            (packet[0], packet[12 % packet.Length]) = ((byte)(0x90 | (packet[0] & 0x0F)), (byte)(i % 2 == 0 ? 0xBE : 0x10));
            _ = RtpExtensions.TryFind(packet, random.Next(1, 256), out _);
        }
    }

    [Fact]
    public void Arrivals_are_told_in_quarters_of_a_millisecond_and_losses_as_such()
    {
        var feedback = new TransportFeedback();
        feedback.Add(100, 1_000_000);
        feedback.Add(101, 1_001_000);
        feedback.Add(103, 1_101_000);
        Assert.False(feedback.IsDue(1_010_000));
        Assert.True(feedback.IsDue(1_101_000));
        var packet = new byte[2000];
        var length = feedback.Write(packet, 1, 2, 1_101_000);

        // Reference 1,000,000 / 64,000 = 15 → 960,000; deltas 160, 4, 400 quarters: small, small, (lost), large.
        Assert.Equal(
            [0xAF, 205, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 100, 0, 4, 0, 0, 15, 0, 0b11_01_01_00, 0b10_00_00_00, 160, 4, 0x01, 0x90, 0, 2],
            packet[..length].Select(b => (int)b));
        Assert.False(feedback.IsDue(1_200_000));
        feedback.Add(104, 1_200_000);
        length = feedback.Write(packet, 1, 2, 1_200_000);
        Assert.Equal((104, 1, 1), (packet[13], packet[15], packet[19])); // goes on where the last one ended, and counts
    }

    [Fact]
    public void Any_order_of_numbers_makes_messages_that_can_be_read()
    {
        var random = new Random(11);
        for (var round = 0; round < 200; round++)
        {
            var feedback = new TransportFeedback();
            var now = 1_000_000L + random.Next(1_000_000_000);
            var number = (ushort)random.Next(65536);
            var reported = 0;
            for (var i = 0; i < 500; i++)
            {
                now += random.Next(0, i % 50 == 0 ? 20_000_000 : 3000);
                number += (ushort)(random.Next(100) < 2 ? random.Next(3000) : 1);
                feedback.Add((ushort)(number - (random.Next(10) == 0 ? random.Next(5) : 0)), now);
                if (feedback.IsDue(now))
                {
                    var packet = new byte[2000];
                    var length = feedback.Write(packet, 1, 2, now);
                    reported += AssertReadable(packet.AsSpan(0, length));
                }
            }

            Assert.InRange(reported, 20, 500); // whole leaps of numbers count as lost
        }
    }

    /// <summary>Reads a message by the draft: chunks until the count is reached, then a delta for each that came.</summary>
    private static int AssertReadable(ReadOnlySpan<byte> packet)
    {
        if (packet.IsEmpty)
        {
            return 0;
        }

        Assert.Equal(packet.Length, (BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) + 1) * 4);
        var count = BinaryPrimitives.ReadUInt16BigEndian(packet[14..]);
        Assert.True(count > 0);
        var at = 20 + ((count + 6) / 7 * 2);
        var received = 0;
        for (var i = 0; i < count; i++)
        {
            var chunk = BinaryPrimitives.ReadUInt16BigEndian(packet[(20 + (i / 7 * 2))..]);
            Assert.Equal(3, chunk >> 14);
            var symbol = (chunk >> (12 - (i % 7 * 2))) & 3;
            Assert.NotEqual(3, symbol);
            at += symbol;
            received += symbol > 0 ? 1 : 0;
        }

        var padding = (packet[0] & 0x20) != 0 ? packet[^1] : 0;
        Assert.Equal(packet.Length, at + padding);
        return received;
    }
}
