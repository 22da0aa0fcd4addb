using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Directory;

namespace XSwitchEngine.Core.Tests.Directory;

/// <summary>Binding updates: RFC 3261 §10.3, RFC 5626 §4.2 and §6.</summary>
public sealed class RegistrationTests : IDisposable
{
    private readonly TempDirectory _data = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly List<string> _told = [];
    private SwitchDirectory _directory;

    public RegistrationTests() => _directory = Open();

    private DirectoryUser User => _directory.FindUser("1000", _directory.Domain)!;

    public void Dispose()
    {
        _directory.Dispose();
        _data.Dispose();
    }

    [Fact]
    public void A_new_contact_is_bound_and_told()
    {
        Assert.Equal(["sip:1000@192.0.2.1"], Register(Binding("sip:1000@192.0.2.1")));
        Assert.Equal(["register sip:1000@192.0.2.1"], _told);
    }

    [Fact]
    public void A_refresh_replaces_the_binding_and_is_told_as_such()
    {
        Register(Binding("sip:a@192.0.2.1", cseq: 1));
        Assert.Equal(["sip:a@192.0.2.1"], Register(Binding("sip:a@192.0.2.1", cseq: 2, seconds: 900)));
        Assert.Equal(_time.GetUtcNow().AddSeconds(900), _directory.Registrations(User)[0].Expires);
        Assert.Equal("reregister sip:a@192.0.2.1", _told[^1]);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(4)]
    public void An_older_or_equal_CSeq_of_one_Call_ID_changes_nothing(int cseq)
    {
        Register(Binding("sip:a@192.0.2.1", cseq: 5));
        var bindings = _directory.Register(User, [Binding("sip:b@192.0.2.1", cseq: cseq), Binding("sip:a@192.0.2.1", cseq: cseq, seconds: 10)], out var outcome);

        Assert.Equal(RegisterOutcome.OutOfOrder, outcome);
        Assert.Equal(["sip:a@192.0.2.1"], bindings.Select(b => b.Contact));
        Assert.Equal(_time.GetUtcNow().AddSeconds(3600), bindings[0].Expires);
    }

    [Fact]
    public void Another_Call_ID_replaces_whatever_its_CSeq_is()
    {
        Register(Binding("sip:a@192.0.2.1", cseq: 5));
        _directory.Register(User, [Binding("sip:a@192.0.2.1", cseq: 1) with { CallId = "after-reboot" }], out var outcome);
        Assert.Equal(RegisterOutcome.Accepted, outcome);
    }

    [Fact]
    public void Expires_zero_removes_one_contact()
    {
        Register(Binding("sip:a@192.0.2.1", cseq: 1), Binding("sip:b@192.0.2.1", cseq: 1));
        Assert.Equal(["sip:b@192.0.2.1"], Register(Binding("sip:a@192.0.2.1", cseq: 2, seconds: 0)));
        Assert.Equal("unregister sip:a@192.0.2.1", _told[^1]);
    }

    [Fact]
    public void Removing_what_is_not_bound_is_accepted_and_told_to_nobody()
    {
        Assert.Empty(Register(Binding("sip:a@192.0.2.1", seconds: 0)));
        Assert.Empty(_told);
    }

    [Fact]
    public void Instance_and_reg_id_name_the_flow_that_a_new_contact_replaces()
    {
        Register(Flow("sip:a@192.0.2.1:1111", 1), Flow("sip:a@192.0.2.1:2222", 2));
        Assert.Equal(
            ["sip:a@192.0.2.1:2222", "sip:a@192.0.2.1:3333"],
            Register(Flow("sip:a@192.0.2.1:3333", 1) with { Sequence = 2 }).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Ten_bindings_are_allowed_and_an_eleventh_changes_nothing()
    {
        Register([.. Enumerable.Range(0, 10).Select(i => Binding($"sip:{i}@192.0.2.1"))]);
        var bindings = _directory.Register(User, [Binding("sip:0@192.0.2.1", cseq: 2, seconds: 60), Binding("sip:new@192.0.2.1", cseq: 2)], out var outcome);

        Assert.Equal(RegisterOutcome.TooMany, outcome);
        Assert.Equal(10, bindings.Count);
        Assert.All(bindings, b => Assert.Equal(_time.GetUtcNow().AddSeconds(3600), b.Expires));
    }

    [Fact]
    public void One_in_place_of_another_fits_into_a_full_table()
    {
        Register([.. Enumerable.Range(0, 10).Select(i => Binding($"sip:{i}@192.0.2.1"))]);
        _directory.Register(User, [Binding("sip:new@192.0.2.1", cseq: 2), Binding("sip:0@192.0.2.1", cseq: 2, seconds: 0)], out var outcome);
        Assert.Equal(RegisterOutcome.Accepted, outcome);
        Assert.Equal(10, _directory.Registrations(User).Count);
    }

    [Fact]
    public void Bindings_are_listed_by_q_then_latest_first()
    {
        Register(Binding("sip:low@h") with { Preference = 100 });
        Register(Binding("sip:first@h"));
        Assert.Equal(["sip:second@h", "sip:first@h", "sip:low@h"], Register(Binding("sip:second@h")));
    }

    [Fact]
    public void A_binding_that_is_not_refreshed_expires_and_is_told()
    {
        Register(Binding("sip:short@h", seconds: 60), Binding("sip:long@h", seconds: 120));
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(["sip:long@h"], _directory.Registrations(User).Select(b => b.Contact));
        Assert.Equal("expire sip:short@h", _told[^1]);

        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("expire sip:long@h", _told[^1]);
        Assert.Empty(_directory.AllRegistrations);
    }

    [Fact]
    public void A_refreshed_binding_does_not_expire_at_its_first_time()
    {
        Register(Binding("sip:a@h", cseq: 1, seconds: 60));
        _time.Advance(TimeSpan.FromSeconds(50));
        Register(Binding("sip:a@h", cseq: 2, seconds: 60));
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.Single(_directory.Registrations(User));
        Assert.DoesNotContain("expire sip:a@h", _told);
    }

    [Fact]
    public void A_closed_connection_takes_its_bindings_along_and_no_others()
    {
        Register(
            Binding("sip:ws@a.invalid") with { Transport = TransportKind.Ws, Connection = new ConnectionId(7) },
            Binding("sip:other@b.invalid") with { Transport = TransportKind.Ws, Connection = new ConnectionId(8) },
            Binding("sip:udp@h"));
        _directory.RemoveFlow(new ConnectionId(7));

        Assert.Equal(["sip:other@b.invalid", "sip:udp@h"], _directory.Registrations(User).Select(b => b.Contact).Order(StringComparer.Ordinal));
        Assert.Equal("flow-closed sip:ws@a.invalid", _told[^1]);
    }

    [Fact]
    public void Datagram_bindings_are_no_flow()
    {
        Register(Binding("sip:udp@h"));
        _directory.RemoveFlow(default);
        Assert.Single(_directory.Registrations(User));
    }

    [Fact]
    public async Task Registrations_are_back_after_a_restart_without_a_clean_end()
    {
        Register(Binding("sip:gone@h", seconds: 30), Flow("sip:a@192.0.2.1:1111", 1) with
        {
            ContactParameters = ";expires=3600;+sip.instance=\"<urn:uuid:1>\"",
            Path = ["<sip:p1;lr>", "<sip:p2;lr>"],
            Remote = IPEndPoint.Parse("[2001:db8::1]:5062"),
            Transport = TransportKind.Tcp,
            UserAgent = "phone/1",
            ListenerName = "internal-tcp",
            Preference = 700,
        });
        await _directory.FlushAsync();
        var expected = _directory.Registrations(User)[^1];

        // The file as a killed process leaves it: copied while the first directory still has it open.
        using var copy = new TempDirectory();
        foreach (var file in System.IO.Directory.GetFiles(_data.Path))
        {
            File.Copy(file, copy.File(Path.GetFileName(file)));
        }

        _time.Advance(TimeSpan.FromSeconds(31));
        using var restarted = SwitchDirectory.Open(new EngineOptions { DataDirectory = copy.Path }, _time, NullLogger<SwitchDirectory>.Instance);
        var binding = Assert.Single(restarted.AllRegistrations);
        Assert.Equal(expected with { Path = binding.Path }, binding);
        Assert.Equal(expected.Path, binding.Path);
    }

    [Fact]
    public async Task A_WebSocket_binding_does_not_survive_a_restart_because_its_flow_did_not()
    {
        Register(Binding("sip:x@y.invalid") with { Transport = TransportKind.Wss, Connection = new ConnectionId(3) });
        await _directory.FlushAsync();
        Restart();
        Assert.Empty(_directory.AllRegistrations);
    }

    [Fact]
    public void An_orderly_end_needs_no_flush()
    {
        Register(Binding("sip:a@h"));
        Restart();
        Assert.Equal("sip:a@h", Assert.Single(_directory.Registrations(User)).Contact);
    }

    [Fact]
    public void A_handler_that_throws_does_not_fail_the_registration()
    {
        _directory.RegistrationChanged = (_, _) => throw new InvalidOperationException("listener");
        Assert.Single(Register(Binding("sip:a@h")));
    }

    private void Restart()
    {
        _directory.Dispose();
        _directory = Open();
    }

    private SwitchDirectory Open()
    {
        var directory = SwitchDirectory.Open(new EngineOptions { DataDirectory = _data.Path }, _time, NullLogger<SwitchDirectory>.Instance);
        directory.RegistrationChanged = (binding, what) => _told.Add($"{what} {binding.Contact}");
        return directory;
    }

    private string[] Register(params Registration[] changes)
    {
        var bindings = _directory.Register(User, changes, out var outcome);
        Assert.Equal(RegisterOutcome.Accepted, outcome);
        return [.. bindings.Select(b => b.Contact)];
    }

    private Registration Binding(string contact, int cseq = 1, int seconds = 3600) =>
        new("1000", _directory.Domain, "sofia", "internal", contact)
        {
            CallId = "call-1",
            Sequence = cseq,
            Expires = _time.GetUtcNow().AddSeconds(seconds),
        };

    private Registration Flow(string contact, int regId) => Binding(contact) with { Instance = "<urn:uuid:1>", RegId = regId };
}
