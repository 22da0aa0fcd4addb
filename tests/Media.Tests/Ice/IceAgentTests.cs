using System.Net;
using CsCheck;
using XSwitchEngine.Media.Ice;
using XSwitchEngine.Media.Io;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Media.Tests.Ice;

public sealed class IceAgentTests
{
    private static readonly IceCredentials Ours = new("ours", "our-password-of-22-bytes");
    private static readonly IceCredentials Theirs = new("they", "their-password-of-22-byte");
    private static readonly byte[] Id = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    private readonly IceAgent _agent = new();
    private readonly byte[] _answer = new byte[IceAgent.LongestAnswer];

    public IceAgentTests() => _agent.Configure(Ours, Theirs);

    private static NetAddress Address(int port) => NetAddress.From(IPAddress.Parse("198.51.100.7"), port);

    private static byte[] Check(bool nominates, string username = "ours:they", string? password = null) =>
        PeerIce.Check(username, password ?? Ours.Password, nominates, Id);

    private (IceStep Step, byte[] Answer) Handle(byte[] packet, int port, long nowUs = 1)
    {
        var step = _agent.Handle(packet, Address(port), nowUs, _answer, out var length);
        return (step, _answer[..length]);
    }

    /// <summary>Pitfall 4: any authentic check makes an address known, only USE-CANDIDATE moves what is sent.</summary>
    [Fact]
    public void Pitfall4_any_check_is_answered_and_only_a_nominating_one_moves_the_target()
    {
        var (step, answer) = Handle(Check(false), 1000);
        Assert.Equal(IceStep.Answer | IceStep.NewSource, step);
        Assert.Equal((0x0101, 0, new IPEndPoint(IPAddress.Parse("198.51.100.7"), 1000)), PeerIce.ReadAnswer(answer, Ours.Password));
        Assert.Equal(Id, answer[8..20]);
        Assert.False(_agent.Selected.IsUsable);
        Assert.Equal(IceStep.Answer | IceStep.Selected, Handle(Check(true), 1000).Step);
        Assert.Equal(IceStep.Answer | IceStep.NewSource, Handle(Check(false), 2000).Step);
        Assert.Equal(Address(1000), _agent.Selected);
        Assert.Equal(IceStep.Answer | IceStep.Selected, Handle(Check(true), 2000).Step);
        Assert.Equal(Address(2000), _agent.Selected);
        Assert.Equal(IceStep.Answer, Handle(Check(true), 2000).Step);
    }

    /// <summary>Pitfall 15 and S-25.</summary>
    [Theory]
    [InlineData("ours:they", "another-password-of-22b")]
    [InlineData("ours:them", null)]
    [InlineData("our:they", null)]
    [InlineData("oursx:they", null)]
    [InlineData("ours", null)]
    [InlineData("ours:", null)]
    [InlineData(":they", null)]
    [InlineData("they:ours", null)]
    public void Pitfall15_S25_a_check_that_is_not_authentic_gets_no_answer_and_leaves_no_state(string username, string? password)
    {
        Assert.Equal(IceStep.None, Handle(Check(true, username, password), 1000).Step);
        Assert.Empty(_agent.Sources);
        Assert.False(_agent.Selected.IsUsable);
        Assert.Equal(0, _agent.LastCheckUs);
    }

    [Fact]
    public void S25_without_integrity_or_with_a_wrong_fingerprint_nothing_happens()
    {
        var bare = new List<byte>(PeerIce.Header(1, Id));
        PeerIce.Add(bare, 0x0006, "ours:they"u8.ToArray());
        PeerIce.Add(bare, 0x0025, []);
        Assert.Equal(IceStep.None, Handle([.. bare], 1000).Step);
        var check = Check(true);
        check[^1] ^= 1;
        Assert.Equal(IceStep.None, Handle(check, 1000).Step);
        Assert.Empty(_agent.Sources);
    }

    [Fact]
    public void S25_a_peer_that_claims_our_role_is_told_so_each_time_and_nothing_changes()
    {
        for (var i = 0; i < 3; i++)
        {
            var (step, answer) = Handle(PeerIce.Check("ours:they", Ours.Password, true, Id, controlled: true), 1000);
            Assert.Equal(IceStep.Answer, step);
            Assert.Equal((0x0111, 487), PeerIce.ReadAnswer(answer, Ours.Password) is var a ? (a.Type, a.Error) : default);
        }

        Assert.Empty(_agent.Sources);
        Assert.False(_agent.Selected.IsUsable);
    }

    [Fact]
    public void An_attribute_that_has_to_be_understood_and_is_not_is_named()
    {
        var message = new List<byte>(PeerIce.Header(1, Id));
        PeerIce.Add(message, 0x0006, "ours:they"u8.ToArray());
        PeerIce.Add(message, 0x7ABC, [1]);
        var (step, answer) = Handle(PeerIce.Sign(message, Ours.Password), 1000);
        Assert.Equal(IceStep.Answer, step);
        Assert.Equal(420, PeerIce.ReadAnswer(answer, Ours.Password).Error);
        Assert.Contains("7ABC", Convert.ToHexString(answer), StringComparison.Ordinal);
        Assert.Empty(_agent.Sources);
    }

    [Fact]
    public void While_the_peers_description_is_not_there_its_half_of_the_name_is_not_judged()
    {
        var agent = new IceAgent();
        agent.Configure(Ours, null);
        Assert.Equal(IceStep.Answer | IceStep.NewSource | IceStep.Selected, agent.Handle(Check(true, "ours:whoever"), Address(1), 1, _answer, out _));
    }

    /// <summary>Pitfall 4, the restart: media goes on over the old pair until the peer nominates with the new credentials.</summary>
    [Fact]
    public void Pitfall4_a_restart_keeps_the_old_pair_until_the_new_one_is_nominated()
    {
        Handle(Check(true), 1000);
        var fresh = new IceCredentials("anew", "new-password-of-22-bytes");
        _agent.Configure(fresh, new IceCredentials("peer", "x"));
        Assert.Equal(Address(1000), _agent.Selected);
        Assert.Equal(IceStep.Answer, Handle(Check(false), 1000, 5).Step);
        Assert.Equal(5, _agent.LastCheckUs);
        Assert.Equal(IceStep.Answer | IceStep.NewSource, Handle(PeerIce.Check("anew:peer", fresh.Password, false, Id), 2000).Step);
        Assert.Equal(Address(1000), _agent.Selected);
        Assert.Equal(IceStep.Answer | IceStep.Selected, Handle(PeerIce.Check("anew:peer", fresh.Password, true, Id), 2000).Step);
        Assert.Equal(Address(2000), _agent.Selected);
        Assert.Equal(IceStep.None, Handle(Check(true), 1000).Step);
        Assert.True(_agent.IsOurs("anew"));
        Assert.False(_agent.IsOurs("ours"));
    }

    [Fact]
    public void Addresses_of_the_peer_are_bounded_and_the_chosen_one_stays()
    {
        Handle(Check(true), 1);
        for (var port = 2; port < 200; port++)
        {
            Handle(Check(false), port);
        }

        Assert.Equal(IceAgent.MostSources, _agent.Sources.Count);
        Assert.Contains(Address(1), _agent.Sources);
        Assert.Contains(Address(199), _agent.Sources);
    }

    [Fact]
    public void S25_cut_changed_and_random_packets_change_nothing()
    {
        var good = Check(true);
        for (var length = 0; length < good.Length; length++)
        {
            Assert.Equal(IceStep.None, Handle(good[..length], 1000).Step);
        }

        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte[1, 255]).Sample((at, change) =>
        {
            byte[] changed = [.. good];
            changed[at] ^= change;
            return Handle(changed, 1000).Step == IceStep.None;
        }, iter: 5000, threads: 1);
        Gen.Byte.Array[0, 600].Sample(noise =>
        {
            byte[] packet = [0, 1, (byte)(noise.Length / 4 * 4 >> 8), (byte)(noise.Length / 4 * 4), 0x21, 0x12, 0xA4, 0x42, .. Id, .. noise[..(noise.Length / 4 * 4)]];
            return Handle(packet, 1000).Step == IceStep.None && Handle(noise, 1000).Step == IceStep.None;
        }, iter: 5000, threads: 1);
        Assert.Empty(_agent.Sources);
        Assert.False(_agent.Selected.IsUsable);
    }

    [Fact]
    public void A_check_allocates_no_more_than_the_base_librarys_hmac_does()
    {
        var check = Check(true);
        Handle(check, 1000);
        _agent.Handle(check, Address(1000), 2, _answer, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            _agent.Handle(check, Address(1000), 2, _answer, out _);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 * 64);
    }
}
