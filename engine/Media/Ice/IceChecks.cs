using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using XSwitchEngine.Media.Io;

namespace XSwitchEngine.Media.Ice;

/// <summary>Checks of our own, for a leg whose peer may wait for them: it goes through the peer's candidates, nominates the first that answers, and renews its consent (RFC 8445 §6.1.4, §7.2, §8.1.1; RFC 7675).</summary>
/// <remarks>
/// A pair is our one port and one address of the peer. What a stranger can make us send is bounded: <see cref="MostPairs"/> addresses, one packet in
/// <see cref="PaceUs"/>, and rarer and rarer ones to an address that does not answer.
/// </remarks>
internal sealed class IceChecks
{
    public const int MostPairs = 16;

    /// <summary>Longest check: names of 256 characters on both sides.</summary>
    public const int LongestCheck = 620;

    /// <summary>Ta: between two packets (RFC 8445 §14.2).</summary>
    public const long PaceUs = 50_000;

    /// <summary>Until an unanswered check is sent again; doubled each time, up to <see cref="LongestWaitUs"/>.</summary>
    public const long FirstWaitUs = 500_000;

    public const long LongestWaitUs = 4_000_000;

    /// <summary>Of a host candidate found by the peer's eyes (RFC 8445 §5.1.2): type 110, the only interface, component 1.</summary>
    private const uint ReflexivePriority = (110u << 24) | (65535u << 8) | 255u;

    private readonly List<Pair> _pairs = [];
    private readonly byte[] _secret; // 16 bytes: our tie-breaker, then the key of the transaction ids
    private byte[] _username = [];
    private byte[] _key = [];
    private Pair? _nominated;
    private uint _count;
    private long _paceUs;

    /// <summary>Checks for one agent.</summary>
    /// <param name="password">Our first password. What has to be hard to guess comes from it.</param>
    public IceChecks(string password) => _secret = HMACSHA256.HashData(Encoding.UTF8.GetBytes(password), "ICE checks"u8)[..16];

    /// <summary>Whether we nominate; the peer may turn out to have the role as well, with better right (RFC 8445 §7.3.1.1).</summary>
    public bool IsControlling { get; private set; } = true;

    public ulong TieBreaker => BinaryPrimitives.ReadUInt64BigEndian(_secret);

    /// <summary>When <see cref="Next"/> has something.</summary>
    public long DueUs
    {
        get
        {
            var due = long.MaxValue;
            foreach (var pair in _pairs)
            {
                due = Math.Min(due, pair.DueUs);
            }

            return due == long.MaxValue ? due : Math.Max(due, _paceUs);
        }
    }

    /// <summary>Takes the peer's credentials and candidates; other credentials than before begin anew.</summary>
    public void Configure(string ufrag, IceCredentials remote, IReadOnlyList<NetAddress> candidates, long nowUs)
    {
        var username = Encoding.UTF8.GetBytes(remote.Ufrag + ":" + ufrag);
        var key = Encoding.UTF8.GetBytes(remote.Password);
        if (!_username.AsSpan().SequenceEqual(username) || !_key.AsSpan().SequenceEqual(key))
        {
            (_username, _key) = (username, key);
            _pairs.Clear();
            _nominated = null;
        }

        foreach (var candidate in candidates)
        {
            Add(candidate, nowUs);
        }
    }

    /// <summary>Forgets the peer.</summary>
    public void Reset()
    {
        _pairs.Clear();
        (_nominated, _username, _key) = (null, [], []);
    }

    /// <summary>Takes an address of the peer: a candidate, or where a check of its came from (RFC 8445 §7.3.1.4).</summary>
    public void Add(in NetAddress remote, long nowUs)
    {
        if (_username.Length == 0 || !remote.IsUsable || _pairs.Count == MostPairs || Find(remote) is not null)
        {
            return;
        }

        var added = new Pair(remote) { DueUs = _nominated is null ? nowUs : long.MaxValue };
        Identify(added);
        _pairs.Add(added);
    }

    /// <summary>The other side has the role of controlling, or gives it to us. Its address is checked anew at once; the others keep their time, so that no change of roles makes us send more.</summary>
    /// <param name="controlling">Whether we have it from here on.</param>
    /// <param name="source">Who says so.</param>
    /// <param name="nowUs">When.</param>
    public void SwitchRole(bool controlling, in NetAddress source, long nowUs)
    {
        IsControlling = controlling;
        if (_nominated is not null)
        {
            return;
        }

        foreach (var pair in _pairs)
        {
            pair.Nominates = false;
            Identify(pair); // another role is another check
            pair.DueUs = pair.Remote == source ? nowUs : pair.DueUs;
        }
    }

    /// <summary>The peer nominated; from here on consent is asked of that address.</summary>
    public void Nominated(in NetAddress remote, long nowUs)
    {
        if (_pairs.Count == MostPairs && Find(remote) is null)
        {
            _pairs.RemoveAt(MostPairs - 1); // what is nominated is worth more than any candidate
        }

        Add(remote, nowUs);
        if (Find(remote) is { } pair)
        {
            Settle(pair, nowUs);
        }
    }

    /// <summary>The peer's consent has ended: all its addresses are tried again.</summary>
    public void Lose(long nowUs)
    {
        _nominated = null;
        foreach (var pair in _pairs)
        {
            pair.Nominates = false;
            Retry(pair, nowUs);
        }
    }

    /// <summary>Writes a check that is due.</summary>
    /// <param name="nowUs">When.</param>
    /// <param name="packet">Takes it, <see cref="LongestCheck"/> bytes.</param>
    /// <param name="to">Where it goes.</param>
    /// <returns>Its length, or 0 when nothing is due.</returns>
    public int Next(long nowUs, Span<byte> packet, out NetAddress to)
    {
        to = default;
        if (nowUs < DueUs)
        {
            return 0;
        }

        var first = _pairs[0];
        foreach (var pair in _pairs)
        {
            first = pair.DueUs < first.DueUs ? pair : first;
        }

        if (first == _nominated)
        {
            Identify(first); // consent is no retransmission (RFC 7675 §5.1)
            first.DueUs = nowUs + ConsentWaitUs(first.Id);
        }
        else
        {
            first.DueUs = nowUs + Math.Min(FirstWaitUs << first.Sent, LongestWaitUs);
            first.Sent = Math.Min(first.Sent + 1, 8);
        }

        _paceUs = nowUs + PaceUs;
        to = first.Remote;
        var writer = new StunWriter(packet, StunType.BindingRequest, first.Id);
        writer.Add(StunAttribute.Username, _username);
        writer.Add(StunAttribute.Priority, ReflexivePriority);
        writer.Add(IsControlling ? StunAttribute.IceControlling : StunAttribute.IceControlled, TieBreaker);
        if (first.Nominates)
        {
            writer.Add(StunAttribute.UseCandidate, []);
        }

        writer.AddIntegrity(_key);
        writer.AddFingerprint();
        return writer.Length;
    }

    /// <summary>Takes an answer to a check.</summary>
    /// <param name="message">A success or error response.</param>
    /// <param name="source">Where it came from.</param>
    /// <param name="nowUs">When.</param>
    /// <param name="selected">Whether we send there from now on.</param>
    /// <returns>Whether it is an authentic answer to a check of ours from where that went (RFC 8445 §7.2.5.2.1).</returns>
    public bool Answered(in StunMessage message, in NetAddress source, long nowUs, out bool selected)
    {
        selected = false;
        if (Find(source) is not { } answered || !message.TransactionId.SequenceEqual(answered.Id) || !message.HasIntegrity || !message.IsAuthentic(_key))
        {
            return false;
        }

        if (message.Type == StunType.BindingError)
        {
            if (message.ErrorCode == 487)
            {
                SwitchRole(!IsControlling, source, nowUs);
            }

            return false; // whatever else it has against us: the check is repeated, more and more rarely
        }

        if (answered == _nominated)
        {
            return true;
        }

        if (answered.Nominates)
        {
            selected = true;
            Settle(answered, nowUs);
        }
        else if (IsControlling && _nominated is null && !_pairs.Exists(static p => p.Nominates))
        {
            answered.Nominates = true;
            Retry(answered, nowUs);
        }
        else
        {
            answered.DueUs = long.MaxValue; // it works, and is not needed, or the peer nominates
        }

        return true;
    }

    /// <summary>4 to 6 s (RFC 7675 §5.1), by chance.</summary>
    private static long ConsentWaitUs(ReadOnlySpan<byte> id) => 4_000_000 + ((id[0] << 8 | id[1]) % 2000 * 1000);

    private Pair? Find(in NetAddress remote)
    {
        foreach (var pair in _pairs)
        {
            if (pair.Remote == remote)
            {
                return pair;
            }
        }

        return null;
    }

    private void Settle(Pair pair, long nowUs)
    {
        _nominated = pair;
        foreach (var other in _pairs)
        {
            other.DueUs = long.MaxValue;
            other.Nominates = false;
        }

        pair.DueUs = nowUs + ConsentWaitUs(pair.Id);
    }

    private void Retry(Pair pair, long nowUs)
    {
        Identify(pair);
        pair.Sent = 0;
        pair.DueUs = nowUs;
    }

    /// <summary>Gives a pair a new transaction id: what nobody else can know, with a number that never returns.</summary>
    private void Identify(Pair pair)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(number, ++_count);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        _ = HMACSHA256.HashData(_secret.AsSpan(8), number, hash);
        hash[..12].CopyTo(pair.Id);
    }

    private sealed class Pair(NetAddress remote)
    {
        public NetAddress Remote { get; } = remote;

        public byte[] Id { get; } = new byte[12];

        public long DueUs { get; set; }

        public int Sent { get; set; }

        public bool Nominates { get; set; }
    }
}
