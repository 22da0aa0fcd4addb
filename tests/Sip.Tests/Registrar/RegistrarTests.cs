using XSwitchEngine.Abstractions;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Sip.Tests.Registrar;

public sealed class RegistrarTests
{
    private readonly PluginTestHost _host = SipTest.Closed();
    private SipTestMessage? _challenge;
    private int _count;

    [Fact]
    public void A_contact_is_stored_as_sent_and_given_back_with_its_time()
    {
        var peer = new SipPeer(_host);
        var ok = Register(peer, "Contact: \"A\" <sip:1000@10.0.0.5:5062;ob;transport=UDP>;+sip.ice;expires=600;q=0.7\r\nUser-Agent: Phone\r\n");
        Assert.Equal(200, ok.Status);
        Assert.Equal("<sip:1000@10.0.0.5:5062;ob;transport=UDP>;+sip.ice;q=0.7;expires=600", ok["Contact"]);
        var binding = Assert.Single(Bindings());
        Assert.Equal("sip:1000@10.0.0.5:5062;ob;transport=UDP", binding.Contact);
        Assert.Equal(";+sip.ice", binding.ContactParameters);
        Assert.Equal(700, binding.Preference);
        Assert.Equal("192.0.2.9:5060", binding.Remote.ToString());
        Assert.Equal("internal-udp", binding.ListenerName);
        Assert.Equal("Phone", binding.UserAgent);
        Assert.Equal(_host.Now + TimeSpan.FromSeconds(600), binding.Expires);

        _host.Advance(TimeSpan.FromSeconds(100.5));
        Assert.EndsWith(";expires=500", Register(peer, "Contact-X: none\r\n", noContact: true)["Contact"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", 3600)]
    [InlineData("Expires: 120\r\n", "", 120)]
    [InlineData("Expires: 120\r\n", ";expires=300", 300)]
    [InlineData("Expires: 4294967295\r\n", "", 7200)]
    public void The_time_is_the_contacts_the_headers_or_the_default_and_at_most_ours(string header, string parameter, int seconds)
    {
        var ok = Register(new SipPeer(_host), $"Contact: <sip:1000@192.0.2.9>{parameter}\r\n{header}");
        Assert.EndsWith($";expires={seconds}", ok["Contact"], StringComparison.Ordinal);
    }

    [Fact]
    public void Too_short_a_time_gets_423_with_ours()
    {
        var brief = Register(new SipPeer(_host), "Contact: <sip:1000@192.0.2.9>;expires=59\r\n");
        Assert.Equal(423, brief.Status);
        Assert.Equal("60", brief["Min-Expires"]);
        Assert.Empty(Bindings());
    }

    [Fact]
    public void Several_contacts_live_side_by_side_and_one_goes_by_expires_0()
    {
        var peer = new SipPeer(_host);
        Register(peer, "Contact: <sip:1000@192.0.2.9>, <sip:1000@192.0.2.10>\r\nContact: <sip:1000@192.0.2.11>\r\n");
        Assert.Equal(3, Bindings().Count);
        var ok = Register(peer, "Contact: <sip:1000@192.0.2.10>;expires=0\r\n");
        Assert.Equal(2, ok.All("Contact").Count);
        Assert.DoesNotContain(Bindings(), b => b.Contact.Contains("192.0.2.10", StringComparison.Ordinal));
    }

    [Fact]
    public void An_equivalent_uri_written_otherwise_replaces_the_old_one()
    {
        var peer = new SipPeer(_host);
        Register(peer, "Contact: <sip:1000@HOST.example.com>\r\n");
        Register(peer, "Contact: <sip:%31000@host.example.com>\r\n");
        Assert.Equal("sip:%31000@host.example.com", Assert.Single(Bindings()).Contact);
        Register(peer, "Contact: <sip:1000@host.example.com:5060>\r\n");    // an explicit port is another address
        Assert.Equal(2, Bindings().Count);
    }

    [Fact]
    public void The_same_instance_and_reg_id_replace_the_old_flow()
    {
        const string instance = ";+sip.instance=\"<urn:uuid:0a4c6d1e-7d0b-4f63-9b1c-6a2f51e0c3d9>\";reg-id=1";
        var peer = new SipPeer(_host);
        var ok = Register(peer, $"Contact: <sip:a@192.0.2.9>{instance}\r\nSupported: path, outbound\r\n");
        Assert.Contains("outbound", ok["Require"], StringComparison.Ordinal);
        Assert.Equal($"<sip:a@192.0.2.9>{instance};expires=3600", ok["Contact"]);
        peer.CallId = "restarted";
        ok = Register(peer, $"Contact: <sip:b@192.0.2.9:6000>{instance}\r\nSupported: path, outbound\r\n");
        Assert.Equal($"<sip:b@192.0.2.9:6000>{instance};expires=3600", Assert.Single(ok.All("Contact")));
        Register(peer, $"Contact: <sip:b@192.0.2.9:6000>{instance.Replace("reg-id=1", "reg-id=2", StringComparison.Ordinal)}\r\n");
        Assert.Single(Bindings());
    }

    [Theory]
    [InlineData("Contact: *\r\nExpires: 0\r\n", 200, 0)]
    [InlineData("Contact: *\r\n", 400, 1)]
    [InlineData("Contact: *\r\nExpires: 60\r\n", 400, 1)]
    [InlineData("Contact: *, <sip:x@y>\r\nExpires: 0\r\n", 400, 1)]
    [InlineData("Contact: <sip:a@192.0.2.9>, <sip:broken\r\n", 400, 1)]
    [InlineData("Contact: sip:user@example.com?Route=%3Csip:x%3E\r\n", 400, 1)]
    [InlineData("Contact: <http://example.com>\r\n", 400, 1)]
    [InlineData("Contact: <sip:a@192.0.2.9>;q=1.5\r\n", 400, 1)]
    [InlineData("Contact: <sip:a@192.0.2.9>;expires=99999999999\r\n", 400, 1)]
    [InlineData("Path: <nonsense>\r\n", 400, 1)]
    public void Star_needs_expires_0_and_malformed_contacts_change_nothing(string lines, int status, int left)
    {
        var peer = new SipPeer(_host);
        Register(peer, "Contact: <sip:1000@192.0.2.9>\r\n");
        Assert.Equal(status, Register(peer, lines + (lines.Contains("Contact", StringComparison.Ordinal) ? "" : "Contact: <sip:b@192.0.2.9>\r\n")).Status);
        Assert.Equal(left, Bindings().Count);
    }

    [Fact]
    public void An_older_sequence_number_of_the_same_call_id_is_out_of_order()
    {
        var peer = new SipPeer(_host);
        Register(peer, "Contact: <sip:1000@192.0.2.9>\r\n");
        peer.CSeq = 0;
        Assert.Equal(500, Register(peer, "Contact: <sip:1000@192.0.2.9>;expires=0\r\n").Status);
        peer.CSeq = 0;
        peer.CallId = "restarted";
        Assert.Equal(200, Register(peer, "Contact: <sip:1000@192.0.2.9>\r\n").Status);
    }

    [Fact]
    public void Too_many_contacts_are_refused_whole()
    {
        _host.Users.MaxBindings = 2;
        var peer = new SipPeer(_host);
        Assert.Equal(403, Register(peer, "Contact: <sip:a@h>, <sip:b@h>, <sip:c@h>\r\n").Status);
        Assert.Empty(Bindings());
        Assert.Equal(403, Register(peer, "Contact: " + string.Join(", ", Enumerable.Range(0, 17).Select(i => $"<sip:u{i}@h>")) + "\r\n").Status);
    }

    [Fact]
    public void Path_is_stored_and_given_back()
    {
        var ok = Register(new SipPeer(_host), "Contact: <sip:1000@192.0.2.9>\r\nPath: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>\r\nSupported: path\r\n");
        Assert.Equal(["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"], ok.All("Path"));
        Assert.Equal(["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"], Assert.Single(Bindings()).Path);
    }

    [Fact]
    public void Escapes_and_parameters_of_the_contact_survive()
    {
        // RFC 4475 §3.1.1.4, §3.3.12, §3.3.13 and §3.3.14.
        var peer = new SipPeer(_host);
        var ok = Register(peer, "Contact: <sip:%00@host5.example.com>\r\nContact: <sip:%00%00@host5.example.com>\r\nContact: sip:+19725552222@gw1.example.net;unknownparam\r\n"
            + "Contact: <sip:+19725553333@gw1.example.net;unknownparam>\r\nContact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\r\n");
        Assert.Equal(
            [
                "<sip:%00@host5.example.com>;expires=3600",
                "<sip:%00%00@host5.example.com>;expires=3600",
                "<sip:+19725552222@gw1.example.net>;unknownparam;expires=3600",
                "<sip:+19725553333@gw1.example.net;unknownparam>;expires=3600",
                "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>;expires=3600",
            ],
            ok.All("Contact"));
    }

    [Fact]
    public void A_foreign_domain_gets_404_without_a_challenge()
    {
        var peer = new SipPeer(_host);
        peer.Send(peer.Request("REGISTER").Replace("<sip:1000@example.com>\r\nCall", "<sip:1000@example.org>\r\nCall", StringComparison.Ordinal));
        Assert.Equal(404, peer.Take().Status);
    }

    [Fact]
    public void The_end_of_a_connection_ends_its_bindings()
    {
        var connection = _host.Accept("internal-tcp", "192.0.2.9:40001");
        var peer = new SipPeer(_host, address: "192.0.2.9:40001") { Connection = connection, Transport = "TCP" };
        Assert.Equal(200, Register(peer, "Contact: <sip:1000@192.0.2.9:40001;transport=tcp>\r\n").Status);
        Assert.Equal(connection.Id, Assert.Single(Bindings()).Connection);
        _host.Advance(TimeSpan.FromMinutes(30));
        Assert.True(connection.IsOpen);    // a registration keeps it open
        _host.Drop(connection);
        Assert.Empty(Bindings());
    }

    [Fact]
    public void A_repeated_register_gets_the_same_answer_and_is_applied_once()
    {
        var peer = new SipPeer(_host);
        var ok = Register(peer, "Contact: <sip:1000@192.0.2.9>\r\n");
        peer.Send(peer.Last.Text);
        Assert.Equal(ok.Text, peer.Take().Text);
        Assert.Single(Bindings());
    }

    [Fact]
    public void Silent_contacts_are_removed_when_pings_are_on()
    {
        var host = SipTest.Closed("""{ "optionsPingSeconds": 60 }""");
        var peer = new SipPeer(host);
        peer.Send(peer.Request("REGISTER"));
        var challenge = peer.Take();
        peer.Send(peer.Request("REGISTER", extra: peer.Authorize(challenge, "REGISTER", "sip:example.com", "secret")));
        peer.Take();
        host.Advance(TimeSpan.FromSeconds(60));
        var ping = peer.Take();
        Assert.Equal("OPTIONS sip:1000@192.0.2.9:5060 SIP/2.0", ping.FirstLine);
        peer.Send(peer.Response(ping, "405 Not Allowed"));    // any answer will do
        host.Advance(TimeSpan.FromSeconds(150));
        Assert.Single(host.Users.Registrations(host.Users.FindUser("1000", "example.com")!));
        host.Advance(TimeSpan.FromSeconds(120));
        Assert.Empty(host.Users.Registrations(host.Users.FindUser("1000", "example.com")!));
    }

    private IReadOnlyList<Registration> Bindings() => _host.Users.Registrations(_host.Users.FindUser("1000", "example.com")!);

    private SipTestMessage Register(SipPeer peer, string lines, bool noContact = false)
    {
        if (_challenge is null)
        {
            peer.Send(peer.Request("REGISTER"));
            _challenge = peer.Take();
        }

        var text = peer.Request("REGISTER", extra: lines + peer.Authorize(_challenge, "REGISTER", "sip:example.com", "secret", count: ++_count));
        if (noContact)
        {
            text = string.Join("\r\n", text.Split("\r\n").Where(l => !l.StartsWith("Contact:", StringComparison.Ordinal)));
        }

        peer.Send(text);
        return peer.Take();
    }
}
