using System.Buffers.Binary;
using System.Security.Cryptography;

namespace XSwitchEngine.TestKit;

/// <summary>SRTP and SRTCP as RFC 3711 and RFC 7714 describe them, written without the engine's code and with other primitives, so that a fault of the engine meets somebody who does not share it.</summary>
/// <remarks>One direction under one master key. Simple, not fast. Profile 1 is AES_CM_128_HMAC_SHA1_80, 7 is AEAD_AES_128_GCM.</remarks>
public sealed class PeerSrtp
{
    private readonly bool _gcm;
    private readonly byte[][] _keys; // RFC 3711 §4.3.1: by label
    private readonly Dictionary<uint, (uint Roc, ushort Highest)> _rtp = [];
    private uint _rtcpIndex;

    public PeerSrtp(int profile, byte[] masterKey, byte[] masterSalt)
    {
        _gcm = profile == 7;
        var lengths = new[] { 16, 20, masterSalt.Length, 16, 20, masterSalt.Length };
        _keys = [.. lengths.Select((length, label) => Derive(masterKey, masterSalt, label, length))];
    }

    public byte[] ProtectRtp(ReadOnlySpan<byte> packet)
    {
        var header = HeaderLength(packet);
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var sequence = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        var roc = Roc(ssrc, sequence);
        Remember(ssrc, roc, sequence);
        var head = packet[..header].ToArray();
        var body = packet[header..].ToArray();
        if (_gcm)
        {
            var (cipher, tag) = Seal(_keys[0], RtpNonce(ssrc, roc, sequence), body, head);
            return [.. head, .. cipher, .. tag];
        }

        byte[] text = [.. head, .. Counter(_keys[0], CounterBlock(_keys[2], ssrc, ((ulong)roc << 16) | sequence), body)];
        return [.. text, .. Mac(_keys[1], [.. text, .. BigEndian(roc)])];
    }

    /// <returns>Null for what is not authentic.</returns>
    public byte[]? UnprotectRtp(ReadOnlySpan<byte> packet)
    {
        var tagLength = _gcm ? 16 : 10;
        if (packet.Length < 12 + tagLength)
        {
            return null;
        }

        var header = HeaderLength(packet);
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var sequence = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        var roc = Roc(ssrc, sequence);
        var head = packet[..header].ToArray();
        var body = packet[header..^tagLength].ToArray();
        var tag = packet[^tagLength..].ToArray();
        byte[]? plain;
        if (_gcm)
        {
            plain = Open(_keys[0], RtpNonce(ssrc, roc, sequence), body, tag, head);
        }
        else
        {
            plain = Mac(_keys[1], [.. head, .. body, .. BigEndian(roc)]).SequenceEqual(tag)
                ? Counter(_keys[0], CounterBlock(_keys[2], ssrc, ((ulong)roc << 16) | sequence), body) : null;
        }

        if (plain is null)
        {
            return null;
        }

        Remember(ssrc, roc, sequence);
        return [.. head, .. plain];
    }

    public byte[] ProtectRtcp(ReadOnlySpan<byte> packet)
    {
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        var index = _rtcpIndex++;
        var word = BigEndian(index | 0x80000000);
        var head = packet[..8].ToArray();
        if (_gcm)
        {
            var (cipher, tag) = Seal(_keys[3], RtcpNonce(ssrc, index), packet[8..].ToArray(), [.. head, .. word]);
            return [.. head, .. cipher, .. tag, .. word];
        }

        byte[] text = [.. head, .. Counter(_keys[3], CounterBlock(_keys[5], ssrc, index), packet[8..].ToArray()), .. word];
        return [.. text, .. Mac(_keys[4], text)];
    }

    /// <returns>Null for what is not authentic.</returns>
    public byte[]? UnprotectRtcp(ReadOnlySpan<byte> packet)
    {
        var overhead = _gcm ? 20 : 14;
        if (packet.Length < 8 + overhead)
        {
            return null;
        }

        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        var head = packet[..8].ToArray();
        var body = packet[8..^overhead].ToArray();
        if (_gcm)
        {
            var word = packet[^4..].ToArray();
            var plain = Open(_keys[3], RtcpNonce(ssrc, BinaryPrimitives.ReadUInt32BigEndian(word) & 0x7FFFFFFF), body, packet[^20..^4].ToArray(), [.. head, .. word]);
            return plain is null ? null : [.. head, .. plain];
        }

        var index = BinaryPrimitives.ReadUInt32BigEndian(packet[^14..]) & 0x7FFFFFFF;
        return Mac(_keys[4], packet[..^10].ToArray()).AsSpan().SequenceEqual(packet[^10..])
            ? [.. head, .. Counter(_keys[3], CounterBlock(_keys[5], ssrc, index), body)] : null;
    }

    private static byte[] Derive(byte[] key, byte[] salt, int label, int length)
    {
        var x = new byte[16];
        salt.CopyTo(x, 0);
        x[7] ^= (byte)label;
        return Counter(key, x, new byte[length]);
    }

    private static byte[] Counter(byte[] key, byte[] block, byte[] data)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        var result = new byte[data.Length];
        var counter = (byte[])block.Clone();
        for (var at = 0; at < data.Length; at += 16)
        {
            var stream = aes.EncryptEcb(counter, PaddingMode.None);
            for (var i = 0; i < 16 && at + i < data.Length; i++)
            {
                result[at + i] = (byte)(data[at + i] ^ stream[i]);
            }

            for (var i = 15; i >= 0 && ++counter[i] == 0; i--)
            {
            }
        }

        return result;
    }

    private static byte[] CounterBlock(byte[] salt, uint ssrc, ulong index)
    {
        var block = new byte[16];
        salt.CopyTo(block, 0);
        for (var i = 0; i < 4; i++)
        {
            block[4 + i] ^= (byte)(ssrc >> (24 - (8 * i)));
        }

        for (var i = 0; i < 6; i++)
        {
            block[8 + i] ^= (byte)(index >> (40 - (8 * i)));
        }

        return block;
    }

    private static byte[] BigEndian(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

#pragma warning disable CA5350 // what SRTP has
    private static byte[] Mac(byte[] key, byte[] data) => HMACSHA1.HashData(key, data)[..10];
#pragma warning restore CA5350

    private static (byte[] Cipher, byte[] Tag) Seal(byte[] key, byte[] nonce, byte[] data, byte[] associated)
    {
        using var gcm = new AesGcm(key, 16);
        var (cipher, tag) = (new byte[data.Length], new byte[16]);
        gcm.Encrypt(nonce, data, cipher, tag, associated);
        return (cipher, tag);
    }

    private static byte[]? Open(byte[] key, byte[] nonce, byte[] data, byte[] tag, byte[] associated)
    {
        using var gcm = new AesGcm(key, 16);
        var plain = new byte[data.Length];
        try
        {
            gcm.Decrypt(nonce, data, tag, plain, associated);
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static byte[] Xor(byte[] nonce, byte[] salt) => [.. nonce.Zip(salt, (a, b) => (byte)(a ^ b))];

    private byte[] RtpNonce(uint ssrc, uint roc, ushort sequence) =>
        Xor([0, 0, .. BigEndian(ssrc), .. BigEndian(roc), (byte)(sequence >> 8), (byte)sequence], _keys[2]);

    private byte[] RtcpNonce(uint ssrc, uint index) => Xor([0, 0, .. BigEndian(ssrc), 0, 0, .. BigEndian(index)], _keys[5]);

    private static int HeaderLength(ReadOnlySpan<byte> packet)
    {
        var length = 12 + ((packet[0] & 15) * 4);
        return (packet[0] & 16) == 0 ? length : length + 4 + (BinaryPrimitives.ReadUInt16BigEndian(packet[(length + 2)..]) * 4);
    }

    private uint Roc(uint ssrc, ushort sequence)
    {
        if (!_rtp.TryGetValue(ssrc, out var known))
        {
            return 0;
        }

        var ahead = (short)(sequence - known.Highest);
        return ahead > 0 && sequence < known.Highest ? known.Roc + 1 : ahead < 0 && sequence > known.Highest ? known.Roc - 1 : known.Roc;
    }

    private void Remember(uint ssrc, uint roc, ushort sequence)
    {
        if (!_rtp.TryGetValue(ssrc, out var known) || roc > known.Roc || (roc == known.Roc && sequence > known.Highest))
        {
            _rtp[ssrc] = (roc, sequence);
        }
    }
}
