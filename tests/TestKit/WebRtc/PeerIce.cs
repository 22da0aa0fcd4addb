using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace XSwitchEngine.TestKit;

/// <summary>STUN as a controlling ICE peer needs it (RFC 8445), written without the engine's code.</summary>
public static class PeerIce
{
    public const uint Cookie = 0x2112A442;

    /// <summary>A check.</summary>
    /// <param name="username">Theirs, a colon, ours.</param>
    /// <param name="password">Theirs.</param>
    /// <param name="nominates">Whether it carries USE-CANDIDATE.</param>
    /// <param name="transaction">12 bytes.</param>
    /// <param name="controlled">Whether it claims the wrong role.</param>
    public static byte[] Check(string username, string password, bool nominates, byte[] transaction, bool controlled = false)
    {
        var message = new List<byte>(Header(0x0001, transaction));
        Add(message, 0x0006, Encoding.UTF8.GetBytes(username));
        Add(message, 0xC057, [0, 1, 0, 10]);
        Add(message, controlled ? 0x8029 : 0x802A, [1, 2, 3, 4, 5, 6, 7, 8]);
        if (nominates)
        {
            Add(message, 0x0025, []);
        }

        Add(message, 0x0024, [0x6E, 0x7F, 0x1E, 0xFF]);
        return Sign(message, password);
    }

    /// <summary>Adds MESSAGE-INTEGRITY and FINGERPRINT.</summary>
    public static byte[] Sign(List<byte> message, string password)
    {
        SetLength(message, message.Count + 24 - 20);
#pragma warning disable CA5350 // what STUN has
        var mac = HMACSHA1.HashData(Encoding.UTF8.GetBytes(password), message.ToArray());
#pragma warning restore CA5350
        Add(message, 0x0008, mac);
        SetLength(message, message.Count + 8 - 20);
        var crc = Crc([.. message]) ^ 0x5354554E;
        Add(message, 0x8028, [(byte)(crc >> 24), (byte)(crc >> 16), (byte)(crc >> 8), (byte)crc]);
        return [.. message];
    }

    public static byte[] Header(int type, byte[] transaction) =>
        [(byte)(type >> 8), (byte)type, 0, 0, 0x21, 0x12, 0xA4, 0x42, .. transaction];

    public static void Add(List<byte> message, int type, byte[] value)
    {
        message.AddRange([(byte)(type >> 8), (byte)type, (byte)(value.Length >> 8), (byte)value.Length, .. value]);
        message.AddRange(new byte[(4 - (value.Length % 4)) % 4]);
        SetLength(message, message.Count - 20);
    }

    /// <summary>The type of an authentic answer to a transaction, or 0; an error's code.</summary>
    public static (int Type, int Error, IPEndPoint? Mapped) ReadAnswer(byte[] packet, string password)
    {
        if (packet.Length < 20 || BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(4)) != Cookie)
        {
            return (0, 0, null);
        }

        var type = BinaryPrimitives.ReadUInt16BigEndian(packet);
        var error = 0;
        IPEndPoint? mapped = null;
        for (var at = 20; at + 4 <= packet.Length;)
        {
            var attribute = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at));
            var length = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at + 2));
            var value = packet.AsSpan(at + 4, length);
            if (attribute == 0x0008)
            {
                var covered = new List<byte>(packet[..at]);
                SetLength(covered, at + 24 - 20);
#pragma warning disable CA5350 // what STUN has
                return HMACSHA1.HashData(Encoding.UTF8.GetBytes(password), covered.ToArray()).AsSpan().SequenceEqual(value) ? (type, error, mapped) : (0, 0, null);
#pragma warning restore CA5350
            }

            if (attribute == 0x0009)
            {
                error = (value[2] * 100) + value[3];
            }
            else if (attribute == 0x0020 && value[1] == 1)
            {
                mapped = new IPEndPoint(BinaryPrimitives.ReverseEndianness(BinaryPrimitives.ReadUInt32BigEndian(value[4..]) ^ Cookie), BinaryPrimitives.ReadUInt16BigEndian(value[2..]) ^ 0x2112);
            }

            at += 4 + ((length + 3) / 4 * 4);
        }

        return (0, 0, null);
    }

    /// <summary>Reads a check that somebody sends us: its user name, whether it nominates, and its type of role attribute; null when it is none or not authentic.</summary>
    public static (string Username, bool Nominates, int Role, uint Priority)? ReadCheck(byte[] packet, string password)
    {
        if (packet.Length < 20 || packet[0] != 0 || packet[1] != 1 || BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(4)) != Cookie)
        {
            return null;
        }

        (string Username, bool Nominates, int Role, uint Priority) check = ("", false, 0, 0);
        for (var at = 20; at + 4 <= packet.Length;)
        {
            var attribute = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at));
            var length = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at + 2));
            var value = packet.AsSpan(at + 4, length);
            switch (attribute)
            {
                case 0x0006:
                    check.Username = Encoding.UTF8.GetString(value);
                    break;
                case 0x0024:
                    check.Priority = BinaryPrimitives.ReadUInt32BigEndian(value);
                    break;
                case 0x0025:
                    check.Nominates = true;
                    break;
                case 0x8029 or 0x802A:
                    check.Role = attribute;
                    break;
                case 0x0008:
                    var covered = new List<byte>(packet[..at]);
                    SetLength(covered, at + 24 - 20);
#pragma warning disable CA5350 // what STUN has
                    return HMACSHA1.HashData(Encoding.UTF8.GetBytes(password), covered.ToArray()).AsSpan().SequenceEqual(value) ? check : null;
#pragma warning restore CA5350
            }

            at += 4 + ((length + 3) / 4 * 4);
        }

        return null;
    }

    /// <summary>A success answer to a check.</summary>
    public static byte[] Answer(byte[] transaction, IPEndPoint source, string password)
    {
        var message = new List<byte>(Header(0x0101, transaction));
        var host = source.Address.GetAddressBytes();
        Add(message, 0x0020, [0, 1, (byte)((source.Port >> 8) ^ 0x21), (byte)(source.Port ^ 0x12), (byte)(host[0] ^ 0x21), (byte)(host[1] ^ 0x12), (byte)(host[2] ^ 0xA4), (byte)(host[3] ^ 0x42)]);
        return Sign(message, password);
    }

    /// <summary>An error answer to a check.</summary>
    public static byte[] Error(byte[] transaction, int code, string password)
    {
        var message = new List<byte>(Header(0x0111, transaction));
        Add(message, 0x0009, [0, 0, (byte)(code / 100), (byte)(code % 100)]);
        return Sign(message, password);
    }

    /// <summary>CRC-32, a bit at a time.</summary>
    public static uint Crc(byte[] data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        return ~crc;
    }

    private static void SetLength(List<byte> message, int length)
    {
        message[2] = (byte)(length >> 8);
        message[3] = (byte)length;
    }
}
