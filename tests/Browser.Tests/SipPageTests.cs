using XSwitchEngine.Integration.Tests;

namespace XSwitchEngine.Browser.Tests;

/// <summary>JsSIP, unchanged, on the page <c>/demo/sip.html</c>, over ws and wss.</summary>
public sealed class SipPageTests(BrowserFixture browser, EngineFixture engine) : IClassFixture<EngineFixture>
{
    private const double Present = 0.7;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task JsSIP_hears_its_echo_and_walks_the_ivr_by_rtp_events_to_another_phone(bool secure)
    {
        await using var a = await SipAsync("1000", 440, secure);
        await using var b = await SipAsync("1001", 880, secure);
        await a.CallAsync("9196");
        await a.Browser.HearsAsync(440);
        await a.HangUpAsync();
        await a.StateAsync("");

        await a.CallAsync("5000");
        await a.Browser.UntilAsync(async () => await a.Browser.LevelAsync() > 0.01, "the welcome is heard");
        await a.PressAsync("1");
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        await a.PressAsync("1001");
        await b.AnswerAsync();
        await a.Browser.HearsAsync(880);
        await b.Browser.HearsAsync(440);
        await b.HangUpAsync();
        await a.HangUpAsync();                  // the menu has it back
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task JsSIP_and_a_verto_page_call_each_other_hold_and_transfer_to_a_desk_phone()
    {
        await using var phone = await BaresipPhone.StartAsync(engine.Engine, "1002", 620, ";audio_codecs=PCMA");
        await using var sip = await SipAsync("1000", 440);
        await using var verto = await engine.PhoneAsync(browser, "1001", 880);
        await verto.DialAsync("1000");
        await sip.AnswerAsync();
        await verto.StateAsync("active");
        await verto.Browser.HearsAsync(440);
        await sip.Browser.HearsAsync(880);
        await sip.HangUpAsync();
        await verto.StateAsync("");

        await sip.DialAsync("1001");
        await verto.AnswerAsync();
        await sip.StateAsync("active");
        await sip.Browser.HearsAsync(880);
        await sip.ToggleAsync("hold");
        await sip.StateAsync("held");
        await verto.Browser.NoLongerHearsAsync(440);
        await sip.ToggleAsync("hold");
        await sip.StateAsync("active");
        await verto.Browser.HearsAsync(440);

        await sip.TransferAsync("1002");
        await phone.WaitForAsync("CALL_INCOMING");
        await phone.AcceptAsync();
        await sip.StateAsync("");
        await verto.Browser.HearsAsync(620);
        await EngineProcess.UntilAsync(() => Task.FromResult(phone.HeardShare(880) > Present), "the desk phone hears the page");
        await verto.HangUpAsync();
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task Texts_go_between_jssip_and_verto()
    {
        await using var sip = await SipAsync("1000", 440);
        await using var verto = await engine.PhoneAsync(browser, "1001", 880);
        await sip.WriteAsync("1001", "from SIP, ü");
        await verto.ReadsAsync("from SIP, ü");
        await verto.WriteAsync("1000", "from Verto, ü");
        await sip.ReadsAsync("from Verto, ü");
    }

    [Fact]
    public async Task Video_is_added_to_a_call_between_two_jssip_pages()
    {
        await using var a = await SipAsync("1000", 440);
        await using var b = await SipAsync("1001", 880);
        await a.DialAsync("1001");
        await b.AnswerAsync();
        await a.StateAsync("active");
        await a.ToggleAsync("camera");
        await b.Browser.SeesAsync();
        await a.HangUpAsync();
        await b.StateAsync("");
        await engine.NothingLeftAsync();
    }

    [Fact]
    public async Task JsSIP_registers_again_after_its_socket_is_cut()
    {
        await using var sip = await SipAsync("1000", 440);
        await sip.Page.EvaluateAsync("() => probe.sockets.at(-1).close()");
        await sip.Browser.UntilAsync(async () => await sip.Page.GetAttributeAsync("#status", "data-state") == "busy", "the page notices");
        await sip.ReadyAsync();
        await sip.CallAsync("9196");
        await sip.Browser.HearsAsync(440);
        await sip.HangUpAsync();
        await engine.NothingLeftAsync();
    }

    private Task<PhonePage> SipAsync(string number, int hz, bool secure = false) => engine.PhoneAsync(browser, number, hz, secure: secure, page: "sip");
}
