using System.Buffers.Binary;
using System.Security.Cryptography;

namespace XSwitchEngine.Media.Srtp;

/// <summary>One direction of SRTP and SRTCP under one master key (RFC 3711, RFC 7714). Media loop only; nothing is allocated for a packet.</summary>
/// <remarks>Nothing is remembered of a packet before its tag was right, so forged packets change neither the rollover counter nor the replay window.</remarks>
internal sealed class SrtpContext : IDisposable
{
    /// <summary>Most bytes by which protection lengthens a packet: a GCM tag and the SRTCP index.</summary>
    public const int Overhead = PacketCipher.TagLength + 4;

    private const int RtcpHead = 8;
    private const uint Encrypted = 0x8000_0000;
    private const long MostIndex = 0x7FFF_FFFF;

    private readonly PacketCipher _rtp;
    private readonly PacketCipher _rtcp;
    private readonly byte[] _rtpSalt;
    private readonly byte[] _rtcpSalt;
    private readonly int _rtpTag;
    private readonly int _rtcpTag;
    private readonly SrtpSources _rtpSources = new();
    private readonly SrtpSources _rtcpSources = new();
    private uint _sentRtcp;

    private SrtpContext(SrtpProfile profile, bool sends, ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt, bool portable)
    {
        Profile = profile;
        var isGcm = profile == SrtpProfile.Gcm;
        (_rtpTag, _rtcpTag) = TagLengths(profile);
        _rtpSalt = new byte[profile.SaltLength()];
        _rtcpSalt = new byte[profile.SaltLength()];
        SrtpKeys.Derive(key, salt, SrtpKeys.RtpSalt, _rtpSalt);
        SrtpKeys.Derive(key, salt, SrtpKeys.RtcpSalt, _rtcpSalt);
        _rtp = MakeCipher(key, salt, SrtpKeys.RtpEncryption, SrtpKeys.RtpAuthentication, isGcm, sends, portable);
        _rtcp = MakeCipher(key, salt, SrtpKeys.RtcpEncryption, SrtpKeys.RtcpAuthentication, isGcm, sends, portable);
    }

    private SrtpContext(SrtpProfile profile, bool sends, ReadOnlySpan<byte> key, ReadOnlySpan<byte> authenticationKey, byte[] salt, bool portable)
    {
        Profile = profile;
        (_rtpTag, _rtcpTag) = TagLengths(profile);
        _rtpSalt = _rtcpSalt = salt;
        _rtp = PacketCipher.Create(profile == SrtpProfile.Gcm, sends, key, authenticationKey, portable);
        _rtcp = PacketCipher.Create(profile == SrtpProfile.Gcm, sends, key, authenticationKey, portable);
    }

    public SrtpProfile Profile { get; }

    /// <summary>Index of the last SRTCP packet that was sent.</summary>
    public uint SentRtcp
    {
        get => _sentRtcp;
        init => _sentRtcp = value;
    }

    /// <summary>Sources that sent authentic RTP.</summary>
    public int Sources => _rtpSources.Count;

    private bool IsGcm => Profile == SrtpProfile.Gcm;

    /// <summary>Makes the context of a master key.</summary>
    /// <param name="profile">The protection.</param>
    /// <param name="sends">Whether packets are protected with it, or unprotected.</param>
    /// <param name="keyAndSalt">Master key, then master salt.</param>
    /// <param name="portable">Whether the base library is used though libcrypto is there.</param>
    /// <returns>Null for no profile or a key of another length.</returns>
    public static SrtpContext? Create(SrtpProfile profile, bool sends, ReadOnlySpan<byte> keyAndSalt, bool portable = false) =>
        profile == SrtpProfile.None || keyAndSalt.Length != SrtpProfiles.KeyLength + profile.SaltLength()
            ? null
            : new SrtpContext(profile, sends, keyAndSalt[..SrtpProfiles.KeyLength], keyAndSalt[SrtpProfiles.KeyLength..], portable);

    /// <summary>A context whose session keys are given, as the vectors of RFC 7714 give them.</summary>
    public static SrtpContext FromSessionKeys(SrtpProfile profile, bool sends, ReadOnlySpan<byte> key, ReadOnlySpan<byte> authenticationKey, byte[] salt, uint sentRtcp = 0, bool portable = false) =>
        new(profile, sends, key, authenticationKey, salt, portable) { SentRtcp = sentRtcp };

    /// <summary>Protects an RTP packet.</summary>
    /// <param name="packet">A whole packet. One that is sent again under its number must be the same to the byte.</param>
    /// <param name="destination">At least <see cref="Overhead"/> bytes longer; the same place or one that does not overlap.</param>
    /// <returns>Length of the result, or 0 for what is no RTP or cannot be sent any more under this key.</returns>
    public int ProtectRtp(ReadOnlySpan<byte> packet, Span<byte> destination)
    {
        if (!TryFindPayload(packet, out var offset) || destination.Length < packet.Length + _rtpTag)
        {
            return 0;
        }

        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var place = _rtpSources.Find(ssrc);
        if (place < 0 && !_rtpSources.HasRoom)
        {
            return 0;
        }

        var index = _rtpSources.Estimate(place, BinaryPrimitives.ReadUInt16BigEndian(packet[2..]));
        _rtpSources.Note(place, ssrc, index);
        packet[..offset].CopyTo(destination);
        var tag = destination.Slice(packet.Length, _rtpTag);
        if (IsGcm)
        {
            Span<byte> nonce = stackalloc byte[12];
            WriteNonce(nonce, _rtpSalt, ssrc, index);
            _rtp.Seal(nonce, destination[..offset], packet[offset..], destination[offset..packet.Length], tag);
        }
        else
        {
            Span<byte> counter = stackalloc byte[16];
            WriteCounter(counter, _rtpSalt, ssrc, index);
            _rtp.Crypt(counter, packet[offset..], destination[offset..packet.Length]);
            Authenticate(_rtp, destination[..packet.Length], (uint)(index >> 16), tag);
        }

        return packet.Length + _rtpTag;
    }

    /// <summary>Verifies and decrypts an RTP packet in place.</summary>
    /// <param name="packet">As received.</param>
    /// <param name="length">Length of the plain packet.</param>
    /// <returns>False for one that is no RTP, forged, repeated or too late.</returns>
    public bool UnprotectRtp(Span<byte> packet, out int length)
    {
        length = packet.Length - _rtpTag;
        if (length < 0 || !TryFindPayload(packet[..length], out var offset))
        {
            return false;
        }

        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var place = _rtpSources.Find(ssrc);
        var index = _rtpSources.Estimate(place, BinaryPrimitives.ReadUInt16BigEndian(packet[2..]));
        if (!_rtpSources.IsFresh(place, index) || (place < 0 && !_rtpSources.HasRoom))
        {
            return false;
        }

        var tag = packet.Slice(length, _rtpTag);
        if (IsGcm)
        {
            Span<byte> nonce = stackalloc byte[12];
            WriteNonce(nonce, _rtpSalt, ssrc, index);
            if (!_rtp.Open(nonce, packet[..offset], packet[offset..length], tag))
            {
                return false;
            }
        }
        else
        {
            if (!IsAuthentic(_rtp, packet[..length], (uint)(index >> 16), tag))
            {
                return false;
            }

            Span<byte> counter = stackalloc byte[16];
            WriteCounter(counter, _rtpSalt, ssrc, index);
            _rtp.Crypt(counter, packet[offset..length], packet[offset..length]);
        }

        _rtpSources.Note(place, ssrc, index);
        return true;
    }

    /// <summary>Protects a compound RTCP packet.</summary>
    /// <param name="packet">A whole packet.</param>
    /// <param name="destination">At least <see cref="Overhead"/> bytes longer; the same place or one that does not overlap.</param>
    /// <returns>Length of the result, or 0 for what is no RTCP or cannot be sent any more under this key.</returns>
    public int ProtectRtcp(ReadOnlySpan<byte> packet, Span<byte> destination)
    {
        if (packet.Length < RtcpHead || destination.Length < packet.Length + _rtcpTag + 4 || _sentRtcp >= MostIndex)
        {
            return 0;
        }

        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        var index = ++_sentRtcp;
        packet[..RtcpHead].CopyTo(destination);
        if (IsGcm)
        {
            // The tag lies between the packet and the index, and covers both (RFC 7714 §9).
            BinaryPrimitives.WriteUInt32BigEndian(destination[(packet.Length + _rtcpTag)..], index | Encrypted);
            Span<byte> associated = stackalloc byte[RtcpHead + 4];
            packet[..RtcpHead].CopyTo(associated);
            destination.Slice(packet.Length + _rtcpTag, 4).CopyTo(associated[RtcpHead..]);
            Span<byte> nonce = stackalloc byte[12];
            WriteNonce(nonce, _rtcpSalt, ssrc, index);
            _rtcp.Seal(nonce, associated, packet[RtcpHead..], destination[RtcpHead..packet.Length], destination.Slice(packet.Length, _rtcpTag));
        }
        else
        {
            Span<byte> counter = stackalloc byte[16];
            WriteCounter(counter, _rtcpSalt, ssrc, index);
            _rtcp.Crypt(counter, packet[RtcpHead..], destination[RtcpHead..packet.Length]);
            Authenticate(_rtcp, destination[..packet.Length], index | Encrypted, destination.Slice(packet.Length + 4, _rtcpTag));
            BinaryPrimitives.WriteUInt32BigEndian(destination[packet.Length..], index | Encrypted);
        }

        return packet.Length + _rtcpTag + 4;
    }

    /// <summary>Verifies and decrypts a compound RTCP packet in place. One that is not encrypted is refused: nobody agreed to that.</summary>
    /// <param name="packet">As received.</param>
    /// <param name="length">Length of the plain packet.</param>
    /// <returns>False for one that is no RTCP, forged, repeated or too late.</returns>
    public bool UnprotectRtcp(Span<byte> packet, out int length)
    {
        length = packet.Length - _rtcpTag - 4;
        if (length < RtcpHead || packet[0] >> 6 != 2)
        {
            return false;
        }

        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        var word = BinaryPrimitives.ReadUInt32BigEndian(packet[(IsGcm ? length + _rtcpTag : length)..]);
        var index = (long)(word & ~Encrypted);
        var place = _rtcpSources.Find(ssrc);
        if ((word & Encrypted) == 0 || !_rtcpSources.IsFresh(place, index) || (place < 0 && !_rtcpSources.HasRoom))
        {
            return false;
        }

        if (IsGcm)
        {
            Span<byte> associated = stackalloc byte[RtcpHead + 4];
            packet[..RtcpHead].CopyTo(associated);
            packet.Slice(length + _rtcpTag, 4).CopyTo(associated[RtcpHead..]);
            Span<byte> nonce = stackalloc byte[12];
            WriteNonce(nonce, _rtcpSalt, ssrc, index);
            if (!_rtcp.Open(nonce, associated, packet[RtcpHead..length], packet.Slice(length, _rtcpTag)))
            {
                return false;
            }
        }
        else
        {
            if (!IsAuthentic(_rtcp, packet[..length], word, packet.Slice(length + 4, _rtcpTag)))
            {
                return false;
            }

            Span<byte> counter = stackalloc byte[16];
            WriteCounter(counter, _rtcpSalt, ssrc, index);
            _rtcp.Crypt(counter, packet[RtcpHead..length], packet[RtcpHead..length]);
        }

        _rtcpSources.Note(place, ssrc, index);
        return true;
    }

    /// <summary>Gives the native memory back.</summary>
    public void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
    }

    private static (int Rtp, int Rtcp) TagLengths(SrtpProfile profile) => profile switch
    {
        SrtpProfile.Gcm => (PacketCipher.TagLength, PacketCipher.TagLength),
        SrtpProfile.Sha1Tag32 => (4, 10),
        SrtpProfile.Sha1Tag80 => (10, 10),
        SrtpProfile.None => throw new ArgumentOutOfRangeException(nameof(profile)),
        _ => throw new ArgumentOutOfRangeException(nameof(profile)),
    };

    private static PacketCipher MakeCipher(ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt, byte encryption, byte authentication, bool isGcm, bool sends, bool portable)
    {
        Span<byte> keys = stackalloc byte[SrtpProfiles.KeyLength + PacketCipher.MacLength];
        SrtpKeys.Derive(key, salt, encryption, keys[..SrtpProfiles.KeyLength]);
        if (!isGcm)
        {
            SrtpKeys.Derive(key, salt, authentication, keys[SrtpProfiles.KeyLength..]);
        }

        var cipher = PacketCipher.Create(isGcm, sends, keys[..SrtpProfiles.KeyLength], isGcm ? default : keys[SrtpProfiles.KeyLength..], portable);
        CryptographicOperations.ZeroMemory(keys);
        return cipher;
    }

    /// <summary>Finds where encryption begins: behind the header, its contributing sources and its extension.</summary>
    private static bool TryFindPayload(ReadOnlySpan<byte> packet, out int offset)
    {
        offset = 12;
        if (packet.Length < offset || packet[0] >> 6 != 2)
        {
            return false;
        }

        offset += (packet[0] & 0x0F) * 4;
        if ((packet[0] & 0x10) != 0)
        {
            if (packet.Length < offset + 4)
            {
                return false;
            }

            offset += 4 + (BinaryPrimitives.ReadUInt16BigEndian(packet[(offset + 2)..]) * 4);
        }

        return offset <= packet.Length;
    }

    /// <summary>RFC 7714 §8.1, and §9.1 with an index of RTCP.</summary>
    private static void WriteNonce(Span<byte> nonce, ReadOnlySpan<byte> salt, uint ssrc, long index)
    {
        BinaryPrimitives.WriteUInt16BigEndian(nonce, 0);
        BinaryPrimitives.WriteUInt32BigEndian(nonce[2..], ssrc);
        BinaryPrimitives.WriteUInt16BigEndian(nonce[6..], (ushort)(index >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(nonce[8..], (uint)index);
        for (var i = 0; i < 12; i++)
        {
            nonce[i] ^= salt[i];
        }
    }

    /// <summary>RFC 3711 §4.1.1.</summary>
    private static void WriteCounter(Span<byte> counter, ReadOnlySpan<byte> salt, uint ssrc, long index)
    {
        counter.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(counter[4..], ssrc);
        BinaryPrimitives.WriteUInt16BigEndian(counter[8..], (ushort)(index >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(counter[10..], (uint)index);
        for (var i = 0; i < 14; i++)
        {
            counter[i] ^= salt[i];
        }
    }

    private static void Authenticate(PacketCipher cipher, ReadOnlySpan<byte> packet, uint word, Span<byte> tag)
    {
        Span<byte> mac = stackalloc byte[PacketCipher.MacLength];
        Span<byte> suffix = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(suffix, word);
        cipher.Authenticate(packet, suffix, mac);
        mac[..tag.Length].CopyTo(tag);
    }

    private static bool IsAuthentic(PacketCipher cipher, ReadOnlySpan<byte> packet, uint word, ReadOnlySpan<byte> tag)
    {
        Span<byte> mac = stackalloc byte[PacketCipher.MacLength];
        Authenticate(cipher, packet, word, mac);
        return CryptographicOperations.FixedTimeEquals(mac[..tag.Length], tag);
    }
}
