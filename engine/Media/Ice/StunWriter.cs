using System.Buffers.Binary;
using System.Security.Cryptography;
using XSwitchEngine.Media.Io;

namespace XSwitchEngine.Media.Ice;

/// <summary>Writes one STUN message into a buffer of the caller.</summary>
internal ref struct StunWriter
{
    private readonly Span<byte> _buffer;

    /// <summary>Begins a message.</summary>
    /// <param name="buffer">Long enough for all that is added: an answer of ours takes less than 128 bytes.</param>
    /// <param name="type">Its type.</param>
    /// <param name="transactionId">12 bytes; an answer's are those of the request.</param>
    public StunWriter(Span<byte> buffer, StunType type, ReadOnlySpan<byte> transactionId)
    {
        _buffer = buffer;
        Length = StunMessage.HeaderLength;
        BinaryPrimitives.WriteUInt16BigEndian(buffer, (ushort)type);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[4..], StunMessage.MagicCookie);
        transactionId.CopyTo(buffer[8..]);
        SetLength(Length);
    }

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Adds any attribute; it is padded.</summary>
    /// <param name="attribute">Which.</param>
    /// <param name="value">Its value.</param>
    /// <param name="padding">What it is padded with.</param>
    public void Add(StunAttribute attribute, scoped ReadOnlySpan<byte> value, byte padding = 0)
    {
        value.CopyTo(Begin(attribute, value.Length, padding));
    }

    public void Add(StunAttribute attribute, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Begin(attribute, 4), value);

    public void Add(StunAttribute attribute, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Begin(attribute, 8), value);

    public void AddMappedAddress(in NetAddress address)
    {
        Span<byte> host = stackalloc byte[16];
        var length = address.WriteHost(host);
        var value = Begin(StunAttribute.XorMappedAddress, 4 + length);
        value[0] = 0;
        value[1] = (byte)(length == 4 ? 1 : 2);
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], (ushort)(address.Port ^ (StunMessage.MagicCookie >> 16)));
        for (var i = 0; i < length; i++)
        {
            value[4 + i] = (byte)(host[i] ^ _buffer[4 + i]);
        }
    }

    public void AddError(int code, scoped ReadOnlySpan<byte> reason)
    {
        var value = Begin(StunAttribute.ErrorCode, 4 + reason.Length);
        value[0] = value[1] = 0;
        value[2] = (byte)(code / 100);
        value[3] = (byte)(code % 100);
        reason.CopyTo(value[4..]);
    }

    public void AddIntegrity(scoped ReadOnlySpan<byte> key)
    {
        SetLength(Length + 24);
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // what STUN has (RFC 8489 §14.5)
        _ = HMACSHA1.HashData(key, _buffer[..Length], mac);
#pragma warning restore CA5350
        Add(StunAttribute.MessageIntegrity, mac);
    }

    public void AddFingerprint()
    {
        SetLength(Length + 8);
        Add(StunAttribute.Fingerprint, Crc32.Of(_buffer[..Length]) ^ StunMessage.FingerprintMask);
    }

    private Span<byte> Begin(StunAttribute attribute, int length, byte padding = 0)
    {
        var at = Length;
        var padded = (length + 3) & ~3;
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[at..], (ushort)attribute);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[(at + 2)..], (ushort)length);
        _buffer.Slice(at + 4 + length, padded - length).Fill(padding);
        Length = at + 4 + padded;
        SetLength(Length);
        return _buffer.Slice(at + 4, length);
    }

    private readonly void SetLength(int length) => BinaryPrimitives.WriteUInt16BigEndian(_buffer[2..], (ushort)(length - StunMessage.HeaderLength));
}
