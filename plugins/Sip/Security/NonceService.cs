using System.Buffers.Binary;
using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using MessagePack;
using XSwitchEngine.Plugins.Sip.State;

namespace XSwitchEngine.Plugins.Sip.Security;

/// <summary>What is known of a nonce that came back.</summary>
internal enum NonceState
{
    /// <summary>Made by us for this source, in its time, with a count not used before.</summary>
    Fresh,

    /// <summary>Made by us, but too old or its count was used: a new one is due, the password is not in doubt.</summary>
    Stale,

    /// <summary>Not made by us for this source.</summary>
    Foreign,
}

/// <summary>Nonces that carry their own proof, so that a challenge costs no memory (RFC 7616 §3.3, §5.4).</summary>
/// <remarks>
/// A nonce is seconds, four random bytes and a truncated HMAC-SHA-256 over both, the realm, the algorithm and the network of the source (/24 or /64).
/// Counts are kept only for nonces with which somebody authenticated, at most <see cref="Capacity"/>; a count below the window counts as used.
/// </remarks>
internal sealed class NonceService(SipContext context)
{
    /// <summary>Most nonces whose counts are kept.</summary>
    public const int Capacity = 65_536;

    /// <summary>Length of a nonce's text.</summary>
    public const int TextLength = 28;

    private const int RawLength = 21;
    private const int Window = 64;
    private readonly Dictionary<string, Use> _uses = [];
    private readonly Queue<(string Nonce, DateTimeOffset End)> _ends = new();
    private byte[] _key = [];

    /// <summary>Nonces whose counts are kept.</summary>
    public int Count => _uses.Count;

    /// <summary>Makes the key of this engine; state that is imported afterwards replaces it.</summary>
    public void Start()
    {
        _key = new byte[32];
        context.Host.Random(_key);
    }

    /// <summary>A keyed tag over some text, for what must be the same each time and not be guessed.</summary>
    public void Tag(ReadOnlySpan<byte> text, Span<byte> hex)
    {
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(_key, text, hash);
        Convert.TryToHexStringLower(hash[..(hex.Length / 2)], hex, out _);
    }

    /// <summary>Writes a new nonce.</summary>
    /// <param name="algorithm">The algorithm of its challenge.</param>
    /// <param name="source">Who is challenged.</param>
    /// <param name="text"><see cref="TextLength"/> bytes.</param>
    public void Create(DigestAlgorithm algorithm, IPAddress source, Span<byte> text)
    {
        Span<byte> raw = stackalloc byte[RawLength];
        BinaryPrimitives.WriteUInt32BigEndian(raw, Seconds());
        context.Host.Random(raw.Slice(4, 4));
        raw[8] = (byte)algorithm;
        Sign(raw, source);
        Base64Url.EncodeToUtf8(raw, text, out _, out _);
    }

    /// <summary>Whether a nonce is ours and in time; its count is not looked at.</summary>
    public NonceState Check(ReadOnlySpan<byte> nonce, DigestAlgorithm algorithm, IPAddress source)
    {
        Span<byte> raw = stackalloc byte[RawLength + 3];
        if (nonce.Length != TextLength || !Base64Url.IsValid(nonce, out var decoded) || decoded != RawLength)
        {
            return NonceState.Foreign;
        }

        Base64Url.DecodeFromUtf8(nonce, raw, out _, out _);
        raw = raw[..RawLength];
        Span<byte> expected = stackalloc byte[RawLength];
        raw[..9].CopyTo(expected);
        Sign(expected, source);
        if (!CryptographicOperations.FixedTimeEquals(expected, raw) || raw[8] != (byte)algorithm)
        {
            return NonceState.Foreign;
        }

        var age = (long)Seconds() - BinaryPrimitives.ReadUInt32BigEndian(raw);
        return age >= 0 && age <= context.Options.NonceLifetime.TotalSeconds ? NonceState.Fresh : NonceState.Stale;
    }

    /// <summary>Takes a count of a nonce with which somebody authenticated.</summary>
    /// <param name="nonce">A fresh nonce.</param>
    /// <param name="count">The count, 1 and up.</param>
    /// <returns>False when it was used before.</returns>
    public bool TryUse(ReadOnlySpan<byte> nonce, uint count)
    {
        Forget();
        var text = Encoding.ASCII.GetString(nonce);
        if (!_uses.TryGetValue(text, out var use))
        {
            if (_uses.Count >= Capacity && _ends.TryDequeue(out var oldest))
            {
                _uses.Remove(oldest.Nonce);
            }

            _ends.Enqueue((text, context.Host.Now + context.Options.NonceLifetime + TimeSpan.FromSeconds(1)));
            _uses[text] = new Use(count, 1);
            return true;
        }

        if (count > use.Highest)
        {
            var shift = count - use.Highest;
            _uses[text] = new Use(count, shift >= Window ? 1 : (use.Seen << (int)shift) | 1);
            return true;
        }

        var behind = use.Highest - count;
        if (behind >= Window || (use.Seen & (1UL << (int)behind)) != 0)
        {
            return false;
        }

        _uses[text] = use with { Seen = use.Seen | (1UL << (int)behind) };
        return true;
    }

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(2);
        writer.Write(_key);
        writer.WriteArrayHeader(_ends.Count);
        foreach (var (nonce, end) in _ends)
        {
            var use = _uses[nonce];
            writer.WriteArrayHeader(4);
            writer.WriteText(nonce);
            writer.WriteTime(end);
            writer.Write(use.Highest);
            writer.Write(use.Seen);
        }
    }

    public void Read(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var key = fields.BytesOrEmpty(ref reader);
        if (key.Length == 32)
        {
            _key = key;
        }

        var count = fields.Array(ref reader);
        for (var i = 0; i < count; i++)
        {
            var one = new FieldReader(ref reader);
            var nonce = one.Text(ref reader);
            var end = one.Time(ref reader);
            var highest = (uint)one.Int64(ref reader);
            var seen = one.Nested(ref reader) ? reader.ReadUInt64() : 0;
            one.End(ref reader);
            if (_uses.TryAdd(nonce, new Use(highest, seen)))
            {
                _ends.Enqueue((nonce, end));
            }
        }

        fields.End(ref reader);
    }

    private void Forget()
    {
        while (_ends.TryPeek(out var first) && first.End <= context.Host.Now)
        {
            _ends.Dequeue();
            _uses.Remove(first.Nonce);
        }
    }

    private uint Seconds() => (uint)context.Host.Now.ToUnixTimeSeconds();

    private void Sign(Span<byte> raw, IPAddress source)
    {
        Span<byte> text = stackalloc byte[9 + 16 + 256];
        raw[..9].CopyTo(text);
        var network = text.Slice(9, 16);
        network.Clear();
        source = AccessList.Plain(source);
        source.TryWriteBytes(network, out var size);
        network[(size == 4 ? 3 : 8)..].Clear();
        var realm = context.Realm;
        var length = 25 + Math.Min(realm.Length, 256);
        realm.AsSpan(0, length - 25).CopyTo(text[25..]);
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(_key, text[..length], hash);
        hash[..(RawLength - 9)].CopyTo(raw[9..]);
    }

    private readonly record struct Use(uint Highest, ulong Seen);
}
