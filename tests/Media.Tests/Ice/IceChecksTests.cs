using System.Net;
using XSwitchEngine.Media.Ice;
using XSwitchEngine.Media.Io;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Ice;

/// <summary>An agent that makes checks of its own (RFC 8445 §7.2, RFC 7675).</summary>
public sealed class IceChecksTests
{
    private static readonly IceCredentials Ours = new("ours", "our-password-of-22-bytes");
    private static readonly IceCredentials Theirs = new("they", "their-password-of-22-byte");

    private readonly IceAgent _agent = new();
    private readonly byte[] _answer = new byte[IceAgent.LongestAnswer];

    public IceChecksTests() => _agent.Configure(Ours, Theirs);

    private static NetAddress Address(int port) => NetAddress.From(IPAddress.Parse("198.51.100.7"), port);

    private static IPEndPoint EndPoint(int port) => new(IPAddress.Parse("198.51.100.7"), port);

    private void Begin(params int[] ports) => _agent.Check(Theirs, [.. ports.Select(Address)], 0);

    private (byte[] Packet, int Port) Next(long nowUs)
    {
        var packet = new byte[IceChecks.LongestCheck];
        var length = _agent.Checks!.Next(nowUs, packet, out var to);
        return (packet[..length], to.Port);
    }

    private IceStep Take(byte[] packet, int port, long nowUs) => _agent.Handle(packet, Address(port), nowUs, _answer, out _);

    private IceStep Answer(byte[] check, int port, long nowUs, string? password = null) => Take(PeerIce.Answer(check[8..20], EndPoint(40000), password ?? Theirs.Password), port, nowUs);

    [Fact]
    public void A_check_says_who_we_are_and_that_we_control()
    {
        Begin(1000);
        var (packet, port) = Next(0);
        Assert.Equal(1000, port);
        var check = PeerIce.ReadCheck(packet, Theirs.Password)!.Value;
        Assert.Equal(("they:ours", false, 0x802A), (check.Username, check.Nominates, check.Role));
        Assert.NotEqual(0u, check.Priority);
        Assert.Null(PeerIce.ReadCheck(packet, Ours.Password));
    }

    [Fact]
    public void What_answers_first_is_nominated_and_selected_when_that_is_answered_too()
    {
        Begin(1000, 2000);
        var first = Next(0);
        var second = Next(IceChecks.PaceUs);
        Assert.Equal((1000, 2000), (first.Port, second.Port));
        Assert.Equal(IceStep.Proven | IceStep.NewSource, Answer(second.Packet, 2000, 60_000));
        Assert.False(_agent.Selected.IsUsable);
        var nominating = Next(120_000);
        Assert.Equal(2000, nominating.Port);
        Assert.True(PeerIce.ReadCheck(nominating.Packet, Theirs.Password)!.Value.Nominates);
        Assert.NotEqual(second.Packet[8..20], nominating.Packet[8..20]);
        Assert.Equal(IceStep.Proven | IceStep.Selected, Answer(nominating.Packet, 2000, 130_000));
        Assert.Equal(Address(2000), _agent.Selected);
        Assert.Equal([Address(2000)], _agent.Sources);
        Assert.Equal(130_000, _agent.LastCheckUs);
        Assert.Empty(Next(3_000_000).Packet);                             // the other one is left alone
    }

    [Fact]
    public void An_answer_that_nobody_asked_for_or_that_is_forged_counts_for_nothing()
    {
        Begin(1000);
        var (check, _) = Next(0);
        Assert.Equal(IceStep.None, Answer(check, 1000, 1, Ours.Password));             // made without their key
        Assert.Equal(IceStep.None, Answer(check, 1001, 1));                            // from elsewhere
        Assert.Equal(IceStep.None, Answer(new byte[20], 1000, 1));                     // another transaction
        Assert.Empty(_agent.Sources);
        Assert.Equal(0, _agent.LastCheckUs);
        Assert.NotEqual(IceStep.None, Answer(check, 1000, 1));
    }

    [Fact]
    public void A_candidate_that_does_not_answer_is_asked_more_and_more_rarely_and_all_of_them_one_at_a_time()
    {
        Begin([.. Enumerable.Range(1000, 40)]);
        long last = -IceChecks.PaceUs;
        var sent = new Dictionary<int, List<long>>();
        for (long now = 0; now < 30_000_000; now += 10_000)
        {
            var (packet, port) = Next(now);
            if (packet.Length > 0)
            {
                Assert.True(now - last >= IceChecks.PaceUs);
                last = now;
                (sent.TryGetValue(port, out var times) ? times : sent[port] = []).Add(now);
            }
        }

        Assert.Equal(IceChecks.MostPairs, sent.Count);
        Assert.All(sent.Values, times => Assert.InRange(times.Count, 7, 12));          // 0, 0.5, 1.5, 3.5, then each 4 s
    }

    [Fact]
    public void Consent_is_asked_each_4_to_6_seconds_with_a_new_transaction()
    {
        Begin(1000);
        Answer(Next(0).Packet, 1000, 1);
        Answer(Next(50_000).Packet, 1000, 50_001);
        var ids = new HashSet<string>();
        long last = 50_001;
        for (long now = 50_001; now < 60_000_000; now += 10_000)
        {
            var (packet, _) = Next(now);
            if (packet.Length > 0)
            {
                Assert.InRange(now - last, 3_990_000, 6_010_000);
                Assert.True(ids.Add(Convert.ToHexString(packet.AsSpan(8, 12))));
                Assert.False(PeerIce.ReadCheck(packet, Theirs.Password)!.Value.Nominates);
                Assert.Equal(IceStep.Proven, Answer(packet, 1000, now + 1));
                Assert.Equal(now + 1, _agent.LastCheckUs);
                last = now;
            }
        }

        Assert.InRange(ids.Count, 10, 15);
    }

    /// <summary>A full peer behind a translator: its check comes from an address that no candidate names.</summary>
    [Fact]
    public void Where_a_check_comes_from_is_tried_too()
    {
        Begin(1000);
        Next(0);
        Assert.Equal(IceStep.Answer | IceStep.NewSource, Take(PeerIce.Check("ours:they", Ours.Password, false, new byte[12], controlled: true), 5000, 10));
        Assert.Equal(0, _agent.LastCheckUs);                                           // that it asks is no consent to be sent to (RFC 7675 §5.1)
        var (packet, port) = Next(50_000);
        Assert.Equal(5000, port);
        Answer(packet, 5000, 50_010);
        Answer(Next(100_000).Packet, 5000, 100_010);
        Assert.Equal(Address(5000), _agent.Selected);
    }

    /// <summary>RFC 8445 §7.3.1.1: the greater tie-breaker controls.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(ulong.MaxValue, false)]
    public void A_peer_that_wants_to_control_too_gets_the_role_by_the_greater_number(ulong theirNumber, bool weControl)
    {
        Begin(1000);
        Next(0);
        var message = new List<byte>(PeerIce.Header(1, new byte[12]));
        PeerIce.Add(message, 0x0006, "ours:they"u8.ToArray());
        var number = BitConverter.GetBytes(theirNumber);
        Array.Reverse(number);
        PeerIce.Add(message, 0x802A, number);
        PeerIce.Add(message, 0x0025, []);
        var step = Take(PeerIce.Sign(message, Ours.Password), 1000, 10);
        Assert.Equal(weControl ? IceStep.Answer : IceStep.Answer | IceStep.NewSource | IceStep.Selected, step);
        Assert.Equal(weControl ? 487 : 0, PeerIce.ReadAnswer(_answer, Ours.Password).Error);
        Assert.Equal(weControl, _agent.Checks!.IsControlling);
        Assert.Equal(weControl ? 0x802A : 0x8029, Sent(10_000_000));

        int Sent(long nowUs) => PeerIce.ReadCheck(Next(nowUs).Packet, Theirs.Password)!.Value.Role;
    }

    [Fact]
    public void A_peer_that_says_we_have_the_wrong_role_is_believed()
    {
        Begin(1000);
        var (check, _) = Next(0);
        Assert.Equal(IceStep.None, Take(PeerIce.Error(check[8..20], 487, Theirs.Password), 1000, 10));
        Assert.Equal(0x8029, PeerIce.ReadCheck(Next(50_000).Packet, Theirs.Password)!.Value.Role);
    }

    [Fact]
    public void A_restart_begins_anew_and_keeps_sending_to_the_old_address_meanwhile()
    {
        Begin(1000);
        Answer(Next(0).Packet, 1000, 1);
        Answer(Next(50_000).Packet, 1000, 50_001);
        var (ours, theirs) = (new IceCredentials("anew", "new-password-of-22-bytes"), new IceCredentials("peer", "their-new-password-22-by"));
        _agent.Configure(ours, theirs);
        _agent.Check(theirs, [Address(3000)], 1_000_000);
        Assert.Equal(Address(1000), _agent.Selected);
        var (check, port) = Next(1_000_000);
        Assert.Equal((3000, "peer:anew"), (port, PeerIce.ReadCheck(check, theirs.Password)!.Value.Username));
        Answer(check, 3000, 1_000_001, theirs.Password);
        Answer(Next(1_050_000).Packet, 3000, 1_050_001, theirs.Password);
        Assert.Equal(Address(3000), _agent.Selected);
    }

    /// <summary>A hostile server that denies our role again and again must not make us send more to the addresses that it named.</summary>
    [Fact]
    public void A_role_that_changes_all_the_time_does_not_begin_anew_with_addresses_that_are_silent()
    {
        Begin([.. Enumerable.Range(1000, IceChecks.MostPairs)]);
        var silent = 0;
        for (long now = 0; now < 30_000_000; now += 10_000)
        {
            var (check, port) = Next(now);
            silent += check.Length > 0 && port != 1000 ? 1 : 0;
            if (check.Length > 0 && port == 1000)
            {
                Take(PeerIce.Error(check[8..20], 487, Theirs.Password), 1000, now);
            }
        }

        Assert.InRange(silent, 7 * (IceChecks.MostPairs - 1), 12 * (IceChecks.MostPairs - 1));
    }

    [Fact]
    public void A_role_that_changes_after_the_nomination_brings_no_checks_to_other_addresses()
    {
        Begin(1000, 2000);
        Answer(Next(0).Packet, 1000, 1);
        var nominating = Next(50_000);
        nominating = nominating.Port == 1000 ? nominating : Next(100_000);
        Answer(nominating.Packet, 1000, 100_001);
        _agent.Checks!.SwitchRole(false, Address(1000), 200_000);
        for (long now = 200_000; now < 20_000_000; now += 10_000)
        {
            var (check, port) = Next(now);
            Assert.True(check.Length == 0 || port == 1000, $"a check to {port}");
        }
    }

    /// <summary>The peer controls and nominates an address that had no place any more: its consent is asked all the same.</summary>
    [Fact]
    public void An_address_that_the_peer_nominates_always_has_a_place()
    {
        Begin([.. Enumerable.Range(1000, IceChecks.MostPairs)]);
        _agent.Checks!.SwitchRole(false, Address(1000), 0);
        Assert.True(Take(PeerIce.Check("ours:they", Ours.Password, true, new byte[12]), 5000, 10).HasFlag(IceStep.Selected));
        var (check, port) = Next(7_000_000);
        Assert.Equal(5000, port);
        Assert.Equal(IceStep.Proven, Answer(check, 5000, 7_000_001));
    }
}
