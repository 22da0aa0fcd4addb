namespace XSwitchEngine.Integration.Tests;

public sealed class PhoneTests
{
    /// <summary>A tone that is there dominates; one that is not is nearly nothing.</summary>
    private const double Present = 0.7;

    [Theory]
    [InlineData("PCMU", "PCMU", "udp")]
    [InlineData("PCMA", "PCMU", "tcp")]
    [InlineData("PCMU", "PCMA", "tls")]
    public async Task Two_phones_register_call_each_other_and_hear_each_other(string codecA, string codecB, string transport)
    {
        await using var engine = await EngineProcess.StartAsync();
        await using var a = await BaresipPhone.StartAsync(engine, "1000", 440, ";audio_codecs=" + codecA, transport);
        await using var b = await BaresipPhone.StartAsync(engine, "1001", 880, ";audio_codecs=" + codecB);
        await ConnectAsync(a, b);
        await HearAsync(() => a.HeardShare(880) > Present && b.HeardShare(440) > Present, "both hear the other's tone");
        await b.HangUpAsync();
        await a.WaitForAsync("CALL_CLOSED");
        await Scenes.NothingLeftAsync(engine);
        Assert.Equal(2, engine.Records().Count);
    }

    [Theory]
    [InlineData("udp")]
    [InlineData("tls")]
    public async Task A_held_phone_hears_music_instead_of_the_other_and_the_other_again_afterwards(string transport)
    {
        await using var engine = await EngineProcess.StartAsync();
        await using var a = await BaresipPhone.StartAsync(engine, "1000", 440, transport: transport);
        await using var b = await BaresipPhone.StartAsync(engine, "1001", 880, transport: transport);
        await ConnectAsync(a, b);
        await HearAsync(() => b.HeardShare(440) > Present, "b hears a");
        await a.HoldAsync();
        await HearAsync(() => b.HeardShare(440) < 0.2 && Loud(b), "b hears music, not a");
        await a.ResumeAsync();
        await HearAsync(() => b.HeardShare(440) > Present && a.HeardShare(880) > Present, "both hear each other again");
    }

    [Theory]
    [InlineData("tcp")]
    [InlineData("tls")]
    public async Task A_phone_sends_its_peer_to_a_third_one(string transport)
    {
        await using var engine = await EngineProcess.StartAsync();
        await using var a = await BaresipPhone.StartAsync(engine, "1000", 440, transport: transport);
        await using var b = await BaresipPhone.StartAsync(engine, "1001", 880, transport: transport);
        await using var c = await BaresipPhone.StartAsync(engine, "1002", 1320, transport: transport);
        await ConnectAsync(a, b);
        await a.TransferAsync("1002");
        await c.WaitForAsync("CALL_INCOMING");
        await c.AcceptAsync();
        await HearAsync(() => b.HeardShare(1320) > Present && c.HeardShare(880) > Present, "the second and the third hear each other");
        await a.WaitForAsync("CALL_CLOSED");
        await c.HangUpAsync();
        await b.WaitForAsync("CALL_CLOSED");
        await Scenes.NothingLeftAsync(engine);
    }

    [Fact]
    public async Task A_phone_walks_the_ivr_by_keys_and_is_connected_to_a_user()
    {
        await using var engine = await EngineProcess.StartAsync();
        await using var a = await BaresipPhone.StartAsync(engine, "1000", 440);
        await using var b = await BaresipPhone.StartAsync(engine, "1001", 880);
        await a.DialAsync("5000");
        await a.WaitForAsync("CALL_ESTABLISHED");
        await HearAsync(() => Loud(a), "the welcome is heard");
        await a.PressAsync("1");                // the menu's first choice: dial a user
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        await a.PressAsync("1001");
        await b.WaitForAsync("CALL_INCOMING");
        await b.AcceptAsync();
        await HearAsync(() => a.HeardShare(880) > Present && b.HeardShare(440) > Present, "both hear the other's tone");
    }

    [Fact]
    public async Task The_milliwatt_number_plays_1004_hertz()
    {
        await using var engine = await EngineProcess.StartAsync();
        await using var a = await BaresipPhone.StartAsync(engine, "1000", 440);
        await a.DialAsync("9197");
        await a.WaitForAsync("CALL_ESTABLISHED");
        await HearAsync(() => a.HeardShare(1004) > 0.9, "1004 Hz");
    }

    private static async Task ConnectAsync(BaresipPhone a, BaresipPhone b)
    {
        await a.DialAsync("1001");
        await b.WaitForAsync("CALL_INCOMING");
        await b.AcceptAsync();
        await a.WaitForAsync("CALL_ESTABLISHED");
    }

    private static bool Loud(BaresipPhone phone)
    {
        var heard = phone.Heard();
        return heard.Length > 4000 && heard[^4000..].Max(s => Math.Abs((int)s)) > 500;
    }

    private static Task HearAsync(Func<bool> condition, string what) => EngineProcess.UntilAsync(() => Task.FromResult(condition()), what, seconds: 20);
}
