using System.Text;
using XSwitchEngine.Media.Io;

namespace XSwitchEngine.Media.Ice;

/// <summary>What an <see cref="IceAgent"/> made of a STUN packet.</summary>
[Flags]
internal enum IceStep
{
    /// <summary>Ignored: not for us, or not authentic.</summary>
    None = 0,

    /// <summary>There is an answer to send to where the packet came from.</summary>
    Answer = 1,

    /// <summary>The source was not known yet.</summary>
    NewSource = 2,

    /// <summary>We send to another address from now on.</summary>
    Selected = 4,

    /// <summary>The peer has answered a check of ours.</summary>
    Proven = 8,
}

/// <summary>Our side of ICE, which is lite (RFC 8445 §2.5) unless it is given <see cref="Checks"/>: answers checks, and sends to where the peer's USE-CANDIDATE said. Also the peer's consent (RFC 7675).</summary>
/// <remarks>
/// Nothing changes by a packet that is not authentic. Sources of authentic checks are remembered, at most <see cref="MostSources"/>, the oldest giving way.
/// During a restart the former credentials are honoured until the peer nominates with the new ones, so that media goes on.
/// </remarks>
internal sealed class IceAgent
{
    public const int MostSources = 16;

    /// <summary>How long without a check until the peer's consent has ended.</summary>
    public const long ConsentUs = 30_000_000;

    /// <summary>Longest answer.</summary>
    public const int LongestAnswer = 128;

    private readonly List<NetAddress> _sources = [];
    private Credentials? _current;
    private Credentials? _former;

    /// <summary>Where to send; not usable before the first USE-CANDIDATE.</summary>
    public NetAddress Selected { get; private set; }

    /// <summary>Addresses from which authentic checks came.</summary>
    public IReadOnlyList<NetAddress> Sources => _sources;

    /// <summary>When the peer last showed its consent: by an authentic check, or with checks of ours by an answer to one; 0 for never.</summary>
    public long LastCheckUs { get; private set; }

    /// <summary>Checks that failed authentication, for diagnosis.</summary>
    public int Refused { get; private set; }

    /// <summary>Our own checks; null while we are lite.</summary>
    public IceChecks? Checks { get; private set; }

    /// <summary>Takes the credentials of both sides; the same as before change nothing, other ones of ours begin a restart.</summary>
    /// <param name="local">Ours.</param>
    /// <param name="remote">Theirs, when known.</param>
    public void Configure(IceCredentials local, IceCredentials? remote)
    {
        if (_current is null || _current.Local != local)
        {
            // Only what the peer has nominated with is worth keeping.
            _former = Selected.IsUsable ? _current : null;
            _current = new Credentials(local);
        }

        _current.Remote = remote?.Ufrag is { } ufrag ? Encoding.UTF8.GetBytes(ufrag) : null;
    }

    /// <summary>Makes checks of its own from here on; after <see cref="Configure"/>.</summary>
    /// <param name="remote">The peer's credentials.</param>
    /// <param name="candidates">Where it may be.</param>
    /// <param name="nowUs">When.</param>
    public void Check(IceCredentials remote, IReadOnlyList<NetAddress> candidates, long nowUs)
    {
        Checks ??= new IceChecks(_current!.Local.Password);
        Checks.Configure(_current!.Local.Ufrag, remote, candidates, nowUs);
    }

    /// <summary>Forgets the former credentials, addresses and consent: the peer lost its transport.</summary>
    public void Reset()
    {
        (_current, _former, Selected, LastCheckUs) = (null, null, default, 0);
        _sources.Clear();
        Checks?.Reset();
    }

    /// <summary>User name fragments of ours that are in force.</summary>
    public bool IsOurs(string ufrag) => _current?.Local.Ufrag == ufrag || _former?.Local.Ufrag == ufrag;

    /// <summary>Takes a packet that looks like STUN.</summary>
    /// <param name="packet">As received.</param>
    /// <param name="source">Where it came from.</param>
    /// <param name="nowUs">When.</param>
    /// <param name="answer">Takes the answer, <see cref="LongestAnswer"/> bytes.</param>
    /// <param name="length">Length of the answer.</param>
    public IceStep Handle(ReadOnlySpan<byte> packet, in NetAddress source, long nowUs, Span<byte> answer, out int length)
    {
        length = 0;
        if (!StunMessage.TryParse(packet, out var message))
        {
            Refused++;
            return IceStep.None;
        }

        if (message.Type is StunType.BindingSuccess or StunType.BindingError && Checks is not null)
        {
            return TakeAnswer(message, source, nowUs);
        }

        if (message.Type != StunType.BindingRequest || !message.HasIntegrity || !message.HasRightFingerprint()
            || Find(message.Username) is not { } credentials || !message.IsAuthentic(credentials.Key))
        {
            Refused++;
            return IceStep.None;
        }

        if (message.Unknown != 0)
        {
            length = WriteError(answer, message, credentials, 420, "Unknown Attribute"u8);
            return IceStep.Answer;
        }

        if (message is { IsControlled: true } or { IsControlling: true } && IsConflict(message, source, nowUs))
        {
            length = WriteError(answer, message, credentials, 487, "Role Conflict"u8);
            return IceStep.Answer;
        }

        var step = IceStep.Answer | Prove(source);
        if (Checks is null)
        {
            LastCheckUs = nowUs;
        }
        else
        {
            Checks.Add(source, nowUs);
        }

        if (message.UsesCandidate && Checks is not { IsControlling: true })
        {
            if (credentials == _current)
            {
                _former = null;
            }

            if (Selected != source && credentials == _current)
            {
                Selected = source;
                step |= IceStep.Selected;
                Checks?.Nominated(source, nowUs);
            }
        }

        var writer = new StunWriter(answer, StunType.BindingSuccess, message.TransactionId);
        writer.AddMappedAddress(source);
        writer.AddIntegrity(credentials.Key);
        writer.AddFingerprint();
        length = writer.Length;
        return step;
    }

    private IceStep TakeAnswer(in StunMessage message, in NetAddress source, long nowUs)
    {
        if (!Checks!.Answered(message, source, nowUs, out var selected))
        {
            Refused++;
            return IceStep.None;
        }

        LastCheckUs = nowUs;
        var step = IceStep.Proven | Prove(source);
        if (selected)
        {
            _former = null;
            step |= Selected == source ? IceStep.None : IceStep.Selected;
            Selected = source;
        }

        return step;
    }

    /// <summary>Settles who nominates when both want to, or neither (RFC 8445 §7.3.1.1).</summary>
    /// <returns>Whether the peer has to take the other role. Without checks of our own it always has to control.</returns>
    private bool IsConflict(in StunMessage message, in NetAddress source, long nowUs)
    {
        if (Checks is not { } checks)
        {
            return message.IsControlled;
        }

        if (message.IsControlling != checks.IsControlling)
        {
            return false;
        }

        // The greater tie-breaker controls.
        if (checks.TieBreaker >= message.TieBreaker == checks.IsControlling)
        {
            return true;
        }

        checks.SwitchRole(!checks.IsControlling, source, nowUs);
        return false;
    }

    /// <summary>Enters an address from which the peer has proven itself; the oldest one gives way.</summary>
    private IceStep Prove(in NetAddress source)
    {
        if (_sources.Contains(source))
        {
            return IceStep.None;
        }

        if (_sources.Count == MostSources)
        {
            _sources.RemoveAt(_sources[0] == Selected ? 1 : 0);
        }

        _sources.Add(source);
        return IceStep.NewSource;
    }

    private static int WriteError(Span<byte> answer, in StunMessage message, Credentials credentials, int code, ReadOnlySpan<byte> reason)
    {
        var writer = new StunWriter(answer, StunType.BindingError, message.TransactionId);
        writer.AddError(code, reason);
        if (code == 420)
        {
            writer.Add(StunAttribute.UnknownAttributes, [(byte)(message.Unknown >> 8), (byte)message.Unknown]);
        }

        writer.AddIntegrity(credentials.Key);
        writer.AddFingerprint();
        return writer.Length;
    }

    /// <summary>Finds the credentials that a user name means: ours before the colon, theirs behind it, when we know it yet.</summary>
    private Credentials? Find(ReadOnlySpan<byte> username) =>
        _current is { } current && current.IsFor(username) ? current : _former is { } former && former.IsFor(username) ? former : null;

    private sealed class Credentials(IceCredentials local)
    {
        private readonly byte[] _ufrag = Encoding.UTF8.GetBytes(local.Ufrag);

        public IceCredentials Local { get; } = local;

        public byte[] Key { get; } = Encoding.UTF8.GetBytes(local.Password);

        public byte[]? Remote { get; set; }

        public bool IsFor(ReadOnlySpan<byte> username) =>
            username.Length > _ufrag.Length && username.StartsWith(_ufrag) && username[_ufrag.Length] == (byte)':'
            && (Remote is null || username[(_ufrag.Length + 1)..].SequenceEqual(Remote));
    }
}
