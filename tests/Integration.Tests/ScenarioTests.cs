using System.Globalization;

namespace XSwitchEngine.Integration.Tests;

/// <summary>The scenarios of tests/load/sipp/scenarios against the real engine; after each of them no leg, transaction or port is left.</summary>
public sealed class ScenarioTests(ScenarioTests.Fixture fixture) : IClassFixture<ScenarioTests.Fixture>
{
    private readonly EngineProcess _engine = fixture.Engine;
    private readonly int _before = fixture.Engine.Records().Count;

    private IReadOnlyList<System.Text.Json.JsonElement> NewRecords => [.. _engine.Records().Skip(_before)];

    [Theory]
    [InlineData("register-right")]
    [InlineData("register-wrong")]
    public async Task Registering(string scenario)
    {
        await using var phone = Sipp.Run(_engine, scenario, scenario == "register-wrong" ? "wrong" : _engine.Passwords["1001"]);
        await phone.SucceedsAsync();
        await NothingLeftAsync();
    }

    [Theory]
    [InlineData("caller", "6200")]
    [InlineData("delayed-offer", "6200")]
    [InlineData("prack", "6300")]
    [InlineData("update", "6200")]
    [InlineData("refer", "6200")]
    [InlineData("retransmitted", "6400")]
    [InlineData("lost-ack", "6200")]
    [InlineData("refused-404", "9999999")]
    public async Task A_caller_alone(string scenario, string number)
    {
        await using var caller = Sipp.Run(_engine, scenario, called: number);
        await caller.SucceedsAsync();
        await NothingLeftAsync();
        await RecordsAsync(1);
    }

    /// <summary>A dial plan that calls itself ends when no hop is left (RFC 3261 §16.3, step 3).</summary>
    [Fact]
    public async Task A_dialplan_that_calls_itself_by_sip_comes_to_an_end()
    {
        await using var caller = Sipp.Run(_engine, "refused-483", called: $"loop-{_engine.SipPort}");
        await caller.SucceedsAsync();
        await NothingLeftAsync();

        // Max-Forwards of 70, one less at each pass: 70 calls come in, 69 of them and the first one go out once more, and the last is refused before it is a call.
        var records = await RecordsAsync(140);
        Assert.All(records, r => Assert.Equal("EXCHANGE_ROUTING_ERROR", r.GetProperty("hangup_cause").GetString()));
    }

    [Fact]
    public async Task A_session_that_nobody_refreshes_ends()
    {
        await using var caller = Sipp.Run(_engine, "session-expires", called: "6200");
        await caller.SucceedsAsync();
        await NothingLeftAsync();
        Assert.Equal("RECOVERY_ON_TIMER_EXPIRE", (await RecordsAsync(1))[0].GetProperty("hangup_cause").GetString());
    }

    [Theory]
    [InlineData("caller", "answer")]
    [InlineData("caller", "prack-called")]
    [InlineData("refused-486", "refuse-486")]
    [InlineData("refused-480", "refuse-480")]
    [InlineData("refused-603", "refuse-603")]
    [InlineData("cancel", "cancelled")]
    [InlineData("cancel", "answer-crosses-cancel")]
    public async Task A_caller_and_a_called_phone(string calling, string called)
    {
        await using var phone = Sipp.Run(_engine, called);
        await using var caller = Sipp.Run(_engine, calling, called: "bridge-" + phone.Port);
        await caller.SucceedsAsync();
        await phone.SucceedsAsync();
        await NothingLeftAsync();
        await RecordsAsync(2);
    }

    [Fact]
    public async Task Three_phones_ring_and_one_answers()
    {
        await using var a = Sipp.Run(_engine, "cancelled");
        await using var b = Sipp.Run(_engine, "answer");
        await using var c = Sipp.Run(_engine, "cancelled");
        await using var caller = Sipp.Run(_engine, "caller", called: $"fork-{a.Port}-{b.Port}-{c.Port}");
        foreach (var one in (Sipp[])[caller, a, b, c])
        {
            await one.SucceedsAsync();
        }

        await NothingLeftAsync();
        Assert.Equal(2, (await RecordsAsync(4)).Count(r => r.GetProperty("hangup_cause").GetString() == "LOSE_RACE"));
    }

    [Fact]
    public async Task A_phone_that_has_moved_is_followed()
    {
        await using var there = Sipp.Run(_engine, "answer");
        await using var moved = Sipp.Run(_engine, "moved", "", "", "-key", "moved", there.Port.ToString(CultureInfo.InvariantCulture));
        await using var caller = Sipp.Run(_engine, "caller", called: "bridge-" + moved.Port);
        await caller.SucceedsAsync();
        await moved.SucceedsAsync();
        await there.SucceedsAsync();
        await NothingLeftAsync();
        await RecordsAsync(2);
    }

    [Fact]
    public async Task Two_offers_that_meet_are_sorted_out()
    {
        await using var caller = Sipp.Run(_engine, "glare", called: "6200");
        await EngineProcess.UntilAsync(async () => (await _engine.ApiAsync("show channels")).Contains(",ACTIVE,", StringComparison.Ordinal), "the call is answered");
        await Task.Delay(500, TestContext.Current.CancellationToken);      // its ACK
        await _engine.ApiAsync("uuid_hold " + (await Scenes.ChannelsAsync(_engine))[0]);
        await caller.SucceedsAsync();
        await NothingLeftAsync();
        await RecordsAsync(1);
    }

    /// <summary>No channel and no port is left; transactions live on for 64·T1 and are looked at when all scenarios are through.</summary>
    private Task NothingLeftAsync() => Scenes.NothingLeftAsync(_engine);

    /// <summary>The records of this test's legs, once there are so many; more fail the test. Every test that calls waits for its own: they are written after the channel is gone, and one that came late would be counted to the next test.</summary>
    private async Task<IReadOnlyList<System.Text.Json.JsonElement>> RecordsAsync(int count)
    {
        await EngineProcess.UntilAsync(() => Task.FromResult(NewRecords.Count >= count), $"{count} records are written", 5);
        Assert.Equal(count, NewRecords.Count);
        return NewRecords;
    }

    /// <summary>One engine for all scenarios, which come one after the other.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        internal EngineProcess Engine { get; private set; } = null!;

        // T1 of 100 ms: everything that waits for 64·T1 takes 6.4 s instead of 32.
        public async ValueTask InitializeAsync() =>
            Engine = await EngineProcess.StartAsync("--Sip:internalAcl=127.0.0.1/32", "--Sip:t1Ms=100", "--Engine:ProfileContexts:internal=default", "--Engine:ScriptDirectory=" + Repo.Scenarios);

        /// <summary>After 64·T1 no transaction and no leg of any scenario is left, and nothing failed inside the plugin.</summary>
        public async ValueTask DisposeAsync()
        {
            await using var engine = Engine;
            using var http = new HttpClient { BaseAddress = Engine.Http };
            var metrics = "";
            await EngineProcess.UntilAsync(
                async () => Scenes.Value(metrics = await http.GetStringAsync(new Uri("metrics", UriKind.Relative)), "xswitch_sip_transactions") == 0, "no transaction is left", 60);
            Assert.Equal(0, Scenes.Value(metrics, "xswitch_sip_legs"));
            Assert.Equal(0, Scenes.Value(metrics, "xswitch_plugin_faults_total"));
            Assert.Equal(0, Scenes.Value(metrics, "xswitch_core_faults_total"));
        }
    }
}
