using System.Buffers.Binary;
using CsCheck;
using XSwitchEngine.Media.Srtp;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Srtp;

public sealed class SrtpContextTests
{
    public static TheoryData<int, bool> Ways => new() { { 7, false }, { 7, true }, { 1, false }, { 1, true }, { 2, false }, { 2, true } };

    private static byte[] Key(SrtpProfile profile) => [.. Enumerable.Range(3, 16 + profile.SaltLength()).Select(i => (byte)(i * 7))];

    private static (SrtpContext Sender, SrtpContext Receiver) Pair(SrtpProfile profile, bool portable = false) =>
        (SrtpContext.Create(profile, true, Key(profile), portable)!, SrtpContext.Create(profile, false, Key(profile), portable)!);

    private static byte[] Rtp(ushort sequence, int payload = 160, uint ssrc = 0xCAFE, byte first = 0x80)
    {
        var packet = new byte[12 + payload];
        packet[0] = first;
        packet[1] = 111;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), sequence * 960u);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), ssrc);
        packet.AsSpan(12).Fill((byte)sequence);
        return packet;
    }

    private static byte[] Rtcp(int words = 6)
    {
        var packet = new byte[4 * (words + 1)];
        packet[0] = 0x81;
        packet[1] = 201;
        packet[3] = (byte)words;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), 0xCAFE);
        packet.AsSpan(8).Fill(0x5A);
        return packet;
    }

    private static byte[] Protect(SrtpContext context, byte[] packet)
    {
        var buffer = new byte[packet.Length + SrtpContext.Overhead];
        return buffer[..context.ProtectRtp(packet, buffer)];
    }

    private static byte[]? Unprotect(SrtpContext context, byte[] packet)
    {
        var copy = (byte[])packet.Clone();
        return context.UnprotectRtp(copy, out var length) ? copy[..length] : null;
    }

    /// <summary>Pitfalls 12 and 13: salts of 12 bytes, the place of the SRTCP index, payloads of no length.</summary>
    [Theory]
    [InlineData(7, false)]
    [InlineData(7, true)]
    [InlineData(1, false)]
    [InlineData(1, true)]
    public void An_independent_implementation_understands_it_and_is_understood(int profile, bool portable)
    {
        var (sender, receiver) = Pair((SrtpProfile)profile, portable);
        var key = Key((SrtpProfile)profile);
        var (peerSends, peerReceives) = (new PeerSrtp(profile, key[..16], key[16..]), new PeerSrtp(profile, key[..16], key[16..]));
        foreach (var length in (int[])[0, 1, 15, 16, 17, 160, 1187, 1200])
        {
            var packet = Rtp((ushort)(65530 + length), length);
            Assert.Equal(packet, peerReceives.UnprotectRtp(Protect(sender, packet)));
            Assert.Equal(packet, Unprotect(receiver, peerSends.ProtectRtp(packet)));
        }

        foreach (var words in (int[])[1, 6, 50])
        {
            var packet = Rtcp(words);
            var buffer = new byte[packet.Length + SrtpContext.Overhead];
            Assert.Equal(packet, peerReceives.UnprotectRtcp(buffer.AsSpan(0, sender.ProtectRtcp(packet, buffer))));
            buffer = peerSends.ProtectRtcp(packet);
            Assert.True(receiver.UnprotectRtcp(buffer, out var plain));
            Assert.Equal(packet, buffer[..plain]);
        }

        sender.Dispose();
        receiver.Dispose();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Protecting_in_place_gives_the_same_as_elsewhere(int profile, bool portable)
    {
        var (one, _) = Pair((SrtpProfile)profile, portable);
        var (other, receiver) = Pair((SrtpProfile)profile, portable);
        var buffer = new byte[300];
        var packet = Rtp(7, 99, first: 0x92); // two contributing sources and an extension
        packet[20] = packet[21] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), 2);
        packet.CopyTo(buffer, 0);
        var length = one.ProtectRtp(buffer.AsSpan(0, packet.Length), buffer);
        Assert.Equal(Protect(other, packet), buffer[..length]);
        Assert.Equal(packet[..32], buffer[..32]);
        Assert.NotEqual(packet[32..], buffer[32..packet.Length]);
        Assert.Equal(packet, Unprotect(receiver, buffer[..length]));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void The_rollover_counter_follows_over_several_rounds_with_loss_and_reordering(int profile, bool portable)
    {
        var (sender, receiver) = Pair((SrtpProfile)profile, portable);
        var packets = new List<byte[]>();
        for (var i = 0; i < 3 * 65536; i += 37)
        {
            packets.Add(Rtp((ushort)i, 20));
        }

        var wire = packets.ConvertAll(p => Protect(sender, p));
        for (var i = 0; i + 3 < wire.Count; i += 4)
        {
            foreach (var place in (int[])[i + 2, i, i + 3]) // one of four is lost, one comes late
            {
                Assert.Equal(packets[place], Unprotect(receiver, wire[place]));
            }
        }
    }

    /// <summary>S-27.</summary>
    [Theory]
    [MemberData(nameof(Ways))]
    public void S27_repeated_packets_are_refused_and_late_ones_taken_once(int profile, bool portable)
    {
        var (sender, receiver) = Pair((SrtpProfile)profile, portable);
        var wire = Enumerable.Range(0, 700).Select(i => Protect(sender, Rtp((ushort)(65000 + i), 10))).ToArray();
        Assert.NotNull(Unprotect(receiver, wire[0]));
        Assert.NotNull(Unprotect(receiver, wire[699]));
        Assert.Null(Unprotect(receiver, wire[699]));
        Assert.Null(Unprotect(receiver, wire[699 - SrtpSources.Window]));
        Assert.NotNull(Unprotect(receiver, wire[699 - SrtpSources.Window + 1]));
        Assert.Null(Unprotect(receiver, wire[699 - SrtpSources.Window + 1]));
        Assert.NotNull(Unprotect(receiver, wire[600]));
        Assert.Null(Unprotect(receiver, wire[600]));
    }

    /// <summary>S-27: also numbers far ahead, which would turn the rollover counter if they were believed.</summary>
    [Theory]
    [InlineData(7)]
    [InlineData(1)]
    public void S27_a_hundred_thousand_forged_packets_change_nothing_and_allocate_nothing(int profile)
    {
        var (sender, receiver) = Pair((SrtpProfile)profile);
        Assert.NotNull(Unprotect(receiver, Protect(sender, Rtp(10))));
        var forged = Protect(sender, Rtp(11));
        forged[^1] ^= 1;
        var copy = new byte[forged.Length];
        var refused = 0;
        Assert.False(receiver.UnprotectRtp([.. forged], out _));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100_000; i++)
        {
            forged.CopyTo(copy, 0);
            BinaryPrimitives.WriteUInt16BigEndian(copy.AsSpan(2), (ushort)(i * 31));
            BinaryPrimitives.WriteUInt32BigEndian(copy.AsSpan(8), i % 2 == 0 ? 0xCAFE : (uint)i);
            refused += receiver.UnprotectRtp(copy, out _) ? 0 : 1;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(100_000, refused);
        Assert.Equal(1, receiver.Sources);
        Assert.NotNull(Unprotect(receiver, Protect(sender, Rtp(12))));
        Assert.Null(Unprotect(receiver, Protect(sender, Rtp(10))));
    }

    [Fact]
    public void Authentic_sources_are_bounded()
    {
        var (sender, receiver) = Pair(SrtpProfile.Gcm);
        var peer = new PeerSrtp(7, Key(SrtpProfile.Gcm)[..16], Key(SrtpProfile.Gcm)[16..]);
        var taken = Enumerable.Range(0, 2000).Count(i => Unprotect(receiver, peer.ProtectRtp(Rtp(1, ssrc: (uint)i))) is not null);
        Assert.Equal(SrtpSources.MostSources, taken);
        var sent = Enumerable.Range(0, 2000).Count(i => Protect(sender, Rtp(1, ssrc: (uint)i)).Length > 0);
        Assert.Equal(SrtpSources.MostSources, sent);
        Assert.NotNull(Unprotect(receiver, peer.ProtectRtp(Rtp(2, ssrc: 5))));
    }

    [Fact]
    public void A_short_tag_for_rtp_leaves_rtcp_its_long_one()
    {
        var (sender, receiver) = Pair(SrtpProfile.Sha1Tag32);
        Assert.Equal(12 + 160 + 4, Protect(sender, Rtp(1)).Length);
        var buffer = new byte[100];
        var length = sender.ProtectRtcp(Rtcp(), buffer);
        Assert.Equal(28 + 4 + 10, length);
        Assert.True(receiver.UnprotectRtcp(buffer.AsSpan(0, length), out _));
        Assert.False(receiver.UnprotectRtcp(buffer.AsSpan(0, length), out _));
    }

    [Theory]
    [InlineData(7, false)]
    [InlineData(7, true)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    public void Nothing_is_allocated_for_a_packet(int profile, bool portable)
    {
        var (sender, receiver) = Pair((SrtpProfile)profile, portable);
        var (packet, rtcp, buffer) = (Rtp(0), Rtcp(), new byte[300]);
        void Work(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)i);
                Assert.True(receiver.UnprotectRtp(buffer.AsSpan(0, sender.ProtectRtp(packet, buffer)), out _));
                Assert.True(receiver.UnprotectRtcp(buffer.AsSpan(0, sender.ProtectRtcp(rtcp, buffer)), out _));
            }
        }

        Work(0, 100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Work(100, 1100);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>S-30: whatever comes, nothing throws, nothing is remembered.</summary>
    [Theory]
    [MemberData(nameof(Ways))]
    public void S30_cut_changed_and_random_packets_are_refused_without_a_trace(int profile, bool portable)
    {
        var (sender, receiver) = Pair((SrtpProfile)profile, portable);
        var extended = Rtp(1, first: 0x90);
        BinaryPrimitives.WriteUInt16BigEndian(extended.AsSpan(14), 2);
        var good = Protect(sender, extended);
        for (var length = 0; length < good.Length; length++)
        {
            Assert.Null(Unprotect(receiver, good[..length]));
            _ = receiver.UnprotectRtcp([.. good[..length]], out _);
        }

        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte[1, 255]).Sample((at, change) =>
        {
            byte[] changed = [.. good];
            changed[at] ^= change;
            return Unprotect(receiver, changed) is null && !receiver.UnprotectRtcp(changed, out _);
        }, iter: 2000, threads: 1);
        Gen.Byte.Array[0, 200].Sample(packet =>
        {
            var buffer = new byte[packet.Length + SrtpContext.Overhead];
            _ = sender.ProtectRtcp(packet, buffer);
            return !receiver.UnprotectRtp([.. packet], out _) && !receiver.UnprotectRtcp([.. packet], out _);
        }, iter: 2000, threads: 1);
        Assert.Equal(0, receiver.Sources);
    }

    [Theory]
    [InlineData("AES_CM_128_HMAC_SHA1_80", 30, true)]
    [InlineData("AES_CM_128_HMAC_SHA1_32", 30, true)]
    [InlineData("AEAD_AES_128_GCM", 28, true)]
    [InlineData("AEAD_AES_128_GCM", 30, false)]
    [InlineData("AES_CM_128_HMAC_SHA1_80", 28, false)]
    [InlineData("NULL_HMAC_SHA1_80", 30, false)]
    [InlineData("F8_128_HMAC_SHA1_80", 30, false)]
    public void Suites_are_known_with_their_key_lengths_only(string suite, int length, bool works)
    {
        using var context = SrtpContext.Create(SrtpProfiles.OfSuite(suite), true, new byte[length]);
        Assert.Equal(works, context is not null);
    }
}
