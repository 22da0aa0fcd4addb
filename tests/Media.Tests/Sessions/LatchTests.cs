using System.Net;

namespace XSwitchEngine.Media.Tests.Sessions;

/// <summary>Symmetric RTP (RFC 4961) and what it must not allow (S-26).</summary>
public sealed class LatchTests
{
    private static readonly IPEndPoint Attacker = new(IPAddress.Parse("203.0.113.66"), 5002);
    private readonly FakePlane _plane = new();

    [Fact]
    public void A_foreign_source_is_refused_before_during_and_after_latching()
    {
        var (a, b) = Bridged();
        Say(a, Attacker);
        Assert.Empty(b.Packets);
        a.Say(440);
        Say(a, Attacker);
        _plane.Run(10_000);
        Say(a, Attacker);
        Assert.Single(b.Packets);
        Assert.Equal(3, a.Leg.Statistics().PacketsDropped);
        Assert.Equal(a.Address, a.Leg.Statistics().Remote);
    }

    [Fact]
    public void The_signalled_address_closes_the_window_at_once()
    {
        var (a, b) = Bridged();
        a.Say(440);
        Say(a, new IPEndPoint(a.Address.Address, 9999));
        Assert.Single(b.Packets);
        Assert.Contains(a.Leg, _plane.Connected);
    }

    [Fact]
    public void Behind_a_NAT_the_port_is_learnt_and_used_for_sending()
    {
        var (a, b) = Bridged();
        var mapped = new IPEndPoint(a.Address.Address, 40001);
        Say(a, mapped);
        Assert.Single(b.Packets);
        b.Say(440);
        Assert.Equal(mapped, _plane.SentPackets.Last().To.ToEndPoint());
    }

    [Fact]
    public void Behind_a_NAT_the_host_of_signalling_is_learnt()
    {
        var a = _plane.Add(FakePlane.Pcmu, s => s with { Remote = new IPEndPoint(IPAddress.Parse("10.0.0.5"), 5004), LatchFrom = IPAddress.Parse("198.51.100.7") });
        var b = _plane.Add(FakePlane.Pcmu);
        _plane.Bridge(a, b);
        Say(a, Attacker);
        Say(a, new IPEndPoint(IPAddress.Parse("198.51.100.7"), 33333));
        Assert.Single(b.Packets);
        b.Say(440);
        Assert.Equal("198.51.100.7:33333", _plane.SentPackets.Last().To.ToEndPoint().ToString());
    }

    [Fact]
    public void One_change_of_mind_is_allowed_within_the_window_and_no_second()
    {
        var (a, b) = Bridged();
        Say(a, new IPEndPoint(a.Address.Address, 40001));
        Say(a, new IPEndPoint(a.Address.Address, 40002));
        Say(a, new IPEndPoint(a.Address.Address, 40003));
        Assert.Equal(2, b.Packets.Count);
        b.Say(440);
        Assert.Equal(40002, _plane.SentPackets.Last().To.Port);
    }

    [Fact]
    public void After_the_window_only_the_signalled_address_is_taken()
    {
        var (a, b) = Bridged();
        _plane.Run(5001);
        Say(a, new IPEndPoint(a.Address.Address, 40001));
        Assert.Empty(b.Packets);
        a.Say(440);
        Assert.Single(b.Packets);
    }

    [Fact]
    public void After_the_window_a_learnt_peer_is_kept()
    {
        var (a, b) = Bridged();
        Say(a, new IPEndPoint(a.Address.Address, 40001));
        _plane.Run(6000);
        Say(a, new IPEndPoint(a.Address.Address, 40001));
        Assert.Contains(a.Leg, _plane.Connected);
        Say(a, new IPEndPoint(a.Address.Address, 40002));
        Assert.Equal(2, b.Packets.Count);
    }

    [Fact]
    public void A_new_address_in_signalling_is_sent_to_at_once_and_learnt_anew()
    {
        var (a, b) = Bridged();
        a.Say(440);
        a.Address = new IPEndPoint(IPAddress.Parse("192.0.2.77"), 7000);
        a.Configure(s => s);
        Assert.DoesNotContain(a.Leg, _plane.Connected);
        b.Say(440);
        Assert.Equal(a.Address, _plane.SentPackets.Last().To.ToEndPoint());
        a.Say(440);
        Assert.Equal(2, b.Packets.Count);
    }

    [Fact]
    public void Hold_and_resume_with_the_same_address_keep_what_was_learnt()
    {
        var (a, b) = Bridged();
        var mapped = new IPEndPoint(a.Address.Address, 40001);
        Say(a, mapped);
        a.Configure(s => s with { Remote = new IPEndPoint(IPAddress.Any, a.Address.Port) });
        a.Configure(s => s);
        b.Say(440);
        Assert.Equal(mapped, _plane.SentPackets.Last().To.ToEndPoint());
    }

    [Fact]
    public void A_window_of_zero_learns_nothing()
    {
        var a = _plane.Add(FakePlane.Pcmu, s => s with { LatchWindowMs = 0 });
        Say(a, new IPEndPoint(a.Address.Address, 40001));
        Assert.Equal(0, a.Leg.Statistics().PacketsReceived);
        a.Say(440);
        Assert.Equal(1, a.Leg.Statistics().PacketsReceived);
    }

    [Fact]
    public void The_first_packet_is_told_once()
    {
        var (a, _) = Bridged();
        a.Say(440);
        a.Say(440);
        Assert.Equal(a.Leg.Owner, Assert.Single(_plane.EventsOf(MediaEventKind.MediaUp)).Owner);
    }

    [Fact]
    public void A_silent_peer_is_told_once_for_each_silence_and_not_on_hold()
    {
        var a = _plane.Add(FakePlane.Pcmu, s => s with { MediaTimeoutMs = 2000 });
        _plane.Run(5000);
        Assert.Single(_plane.EventsOf(MediaEventKind.Timeout));
        a.Say(440);
        _plane.Run(5000);
        Assert.Equal(2, _plane.EventsOf(MediaEventKind.Timeout).Count());
        a.Configure(s => s with { MediaTimeoutMs = 2000, Direction = MediaDirection.RecvOnly });
        _plane.Run(5000);
        Assert.Equal(2, _plane.EventsOf(MediaEventKind.Timeout).Count());
    }

    private static void Say(Phone phone, IPEndPoint from) => phone.Send(0, false, 0, new byte[160], from);

    private (Phone A, Phone B) Bridged()
    {
        var (a, b) = (_plane.Add(FakePlane.Pcmu), _plane.Add(FakePlane.Pcmu));
        _plane.Bridge(a, b);
        return (a, b);
    }
}
