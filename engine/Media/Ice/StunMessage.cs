using System.Buffers.Binary;
using System.Security.Cryptography;
using XSwitchEngine.Media.Io;

namespace XSwitchEngine.Media.Ice;

/// <summary>One STUN message as it lies in a packet (RFC 8489), with the attributes that ICE knows (RFC 8445 §16.1).</summary>
/// <remarks>Spans point into the packet; nothing is allocated. What follows MESSAGE-INTEGRITY counts for nothing, except FINGERPRINT.</remarks>
internal readonly ref struct StunMessage
{
    public const int HeaderLength = 20;
    public const uint MagicCookie = 0x2112A442;
    public const uint FingerprintMask = 0x5354554E;

    private const int MostUnknown = 8;

    private readonly ReadOnlySpan<byte> _message;
    private readonly int _integrityAt;
    private readonly int _fingerprintAt;

    private StunMessage(ReadOnlySpan<byte> message, int integrityAt, int fingerprintAt)
    {
        _message = message;
        _integrityAt = integrityAt;
        _fingerprintAt = fingerprintAt;
    }

    public StunType Type { get; private init; }

    public ReadOnlySpan<byte> TransactionId => _message.Slice(8, 12);

    public ReadOnlySpan<byte> Username { get; private init; }

    public uint Priority { get; private init; }

    public bool UsesCandidate { get; private init; }

    public bool IsControlling { get; private init; }

    public bool IsControlled { get; private init; }

    /// <summary>What comes with either role (RFC 8445 §7.1.3), or 0.</summary>
    public ulong TieBreaker { get; private init; }

    /// <summary>What the sender of a response saw as our address; not usable when absent.</summary>
    public NetAddress MappedAddress { get; private init; }

    /// <summary>Code of an error response, or 0.</summary>
    public int ErrorCode { get; private init; }

    public bool HasIntegrity => _integrityAt > 0;

    /// <summary>The first attribute that has to be understood and is not, or 0.</summary>
    public ushort Unknown { get; private init; }

    /// <summary>Whether a packet looks like STUN: the first bits, the cookie and the length are right.</summary>
    public static bool IsStun(ReadOnlySpan<byte> packet) =>
        packet.Length >= HeaderLength && packet[0] < 4 && BinaryPrimitives.ReadUInt32BigEndian(packet[4..]) == MagicCookie
        && BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) == packet.Length - HeaderLength && packet.Length % 4 == 0;

    /// <summary>Reads a message; every length in it is checked against the bytes that are there.</summary>
    public static bool TryParse(ReadOnlySpan<byte> packet, out StunMessage message)
    {
        message = default;
        if (!IsStun(packet))
        {
            return false;
        }

        var type = (StunType)BinaryPrimitives.ReadUInt16BigEndian(packet);
        ReadOnlySpan<byte> username = default;
        uint priority = 0;
        ulong tieBreaker = 0;
        bool uses = false, controlling = false, controlled = false;
        NetAddress mapped = default;
        int error = 0, integrityAt = 0, fingerprintAt = 0, unknowns = 0;
        ushort unknown = 0;
        for (var at = HeaderLength; at < packet.Length;)
        {
            var attribute = (StunAttribute)BinaryPrimitives.ReadUInt16BigEndian(packet[at..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 2)..]);
            if (at + 4 + length > packet.Length)
            {
                return false;
            }

            var value = packet.Slice(at + 4, length);
            if (attribute == StunAttribute.Fingerprint)
            {
                if (length != 4 || at + 8 != packet.Length)
                {
                    return false; // it is the last one (RFC 8489 §14.7)
                }

                fingerprintAt = at;
            }
            else if (integrityAt == 0)
            {
                switch (attribute)
                {
                    case StunAttribute.Username when length is > 0 and <= 513:
                        username = value;
                        break;
                    case StunAttribute.MessageIntegrity when length == 20:
                        integrityAt = at;
                        break;
                    case StunAttribute.Priority when length == 4:
                        priority = BinaryPrimitives.ReadUInt32BigEndian(value);
                        break;
                    case StunAttribute.UseCandidate when length == 0:
                        uses = true;
                        break;
                    case StunAttribute.IceControlling when length == 8:
                        controlling = true;
                        tieBreaker = BinaryPrimitives.ReadUInt64BigEndian(value);
                        break;
                    case StunAttribute.IceControlled when length == 8:
                        controlled = true;
                        tieBreaker = BinaryPrimitives.ReadUInt64BigEndian(value);
                        break;
                    case StunAttribute.XorMappedAddress when TryReadAddress(value, packet.Slice(4, 16), out mapped):
                        break;
                    case StunAttribute.ErrorCode when length >= 4:
                        error = ((value[2] & 7) * 100) + value[3];
                        break;
                    case StunAttribute.Username or StunAttribute.MessageIntegrity or StunAttribute.Priority or StunAttribute.UseCandidate
                        or StunAttribute.IceControlling or StunAttribute.IceControlled or StunAttribute.XorMappedAddress or StunAttribute.ErrorCode:
                        return false; // a length or a content that it cannot have
                    case StunAttribute.Software or StunAttribute.Fingerprint or StunAttribute.UnknownAttributes or StunAttribute.Realm or StunAttribute.Nonce:
                        break;
                    default:
                        if ((ushort)attribute < 0x8000 && unknowns++ < MostUnknown)
                        {
                            unknown = unknown == 0 ? (ushort)attribute : unknown;
                        }

                        break;
                }
            }

            at += 4 + ((length + 3) & ~3);
            if (at > packet.Length)
            {
                return false;
            }
        }

        message = new StunMessage(packet, integrityAt, fingerprintAt)
        {
            Type = type,
            Username = username,
            Priority = priority,
            UsesCandidate = uses,
            IsControlling = controlling,
            IsControlled = controlled,
            TieBreaker = tieBreaker,
            MappedAddress = mapped,
            ErrorCode = error,
            Unknown = unknown,
        };
        return true;
    }

    /// <summary>Whether FINGERPRINT is there and right.</summary>
    public bool HasRightFingerprint() =>
        _fingerprintAt > 0 && BinaryPrimitives.ReadUInt32BigEndian(_message[(_fingerprintAt + 4)..]) == (Crc32.Of(_message[.._fingerprintAt]) ^ FingerprintMask);

    /// <summary>Whether MESSAGE-INTEGRITY is there and made with a key; FINGERPRINT, when it is there, has to be right as well.</summary>
    public bool IsAuthentic(ReadOnlySpan<byte> key)
    {
        if (_integrityAt == 0 || (_fingerprintAt > 0 && !HasRightFingerprint()))
        {
            return false;
        }

        // The length in the header counts up to and with MESSAGE-INTEGRITY (RFC 8489 §14.5).
        Span<byte> copy = stackalloc byte[_integrityAt];
        _message[.._integrityAt].CopyTo(copy);
        BinaryPrimitives.WriteUInt16BigEndian(copy[2..], (ushort)(_integrityAt + 24 - HeaderLength));
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // what STUN has (RFC 8489 §14.5)
        _ = HMACSHA1.HashData(key, copy, mac);
#pragma warning restore CA5350
        return CryptographicOperations.FixedTimeEquals(mac, _message.Slice(_integrityAt + 4, HMACSHA1.HashSizeInBytes));
    }

    private static bool TryReadAddress(ReadOnlySpan<byte> value, ReadOnlySpan<byte> cookieAndId, out NetAddress address)
    {
        address = default;
        if (value.Length < 8 || value[1] is not (1 or 2) || value.Length != (value[1] == 1 ? 8 : 20))
        {
            return false;
        }

        var port = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(value[2..]) ^ (MagicCookie >> 16));
        Span<byte> host = stackalloc byte[16];
        host = host[..(value.Length - 4)];
        for (var i = 0; i < host.Length; i++)
        {
            host[i] = (byte)(value[4 + i] ^ cookieAndId[i]);
        }

        address = host.Length == 4 ? NetAddress.FromV4(host, port) : NetAddress.FromV6(host, 0, port);
        return true;
    }
}

/// <summary>Types of STUN messages, the method Binding only.</summary>
internal enum StunType : ushort
{
    BindingRequest = 0x0001,
    BindingIndication = 0x0011,
    BindingSuccess = 0x0101,
    BindingError = 0x0111,
}

/// <summary>Attributes of STUN and ICE.</summary>
internal enum StunAttribute : ushort
{
    Username = 0x0006,
    MessageIntegrity = 0x0008,
    ErrorCode = 0x0009,
    UnknownAttributes = 0x000A,
    Realm = 0x0014,
    Nonce = 0x0015,
    XorMappedAddress = 0x0020,
    Priority = 0x0024,
    UseCandidate = 0x0025,
    Software = 0x8022,
    Fingerprint = 0x8028,
    IceControlled = 0x8029,
    IceControlling = 0x802A,
}
