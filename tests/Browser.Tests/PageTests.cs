using System.Diagnostics;
using XSwitchEngine.Integration.Tests;

namespace XSwitchEngine.Browser.Tests;

/// <summary>The demo pages as files: they explain themselves, load nothing from elsewhere, and can be used without seeing or a mouse.</summary>
public sealed class PageTests(BrowserFixture fixture)
{
    public static TheoryData<string> Pages => ["index.html", "demo/verto.html", "demo/sip.html", "demo/whip.html", "demo/whep.html", "demo/whxp.html"];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_breaks_no_rule_of_its_own_and_every_control_has_a_name(string path)
    {
        await using var page = await fixture.OpenAsync();
        var asked = new List<string>();
        page.Page.Request += (_, request) => asked.Add(request.Url);
        await page.Page.RouteAsync("http://localhost:9/**", FakeVerto.FulfilAsync);
        await page.Page.GotoAsync("http://localhost:9/" + path);
        await page.Page.WaitForTimeoutAsync(300);
        Assert.DoesNotContain(page.Console, m => m.Contains("Content Security Policy", StringComparison.Ordinal) || m.StartsWith("uncaught", StringComparison.Ordinal));
        Assert.All(asked, url => Assert.StartsWith("http://localhost:9/", url, StringComparison.Ordinal));
        var nameless = await page.Page.EvaluateAsync<string[]>("""
            () => [...document.querySelectorAll("button, a, input, select")]
              .filter((e) => !(e.innerText || e.textContent || e.getAttribute("aria-label") || e.labels?.[0]?.textContent || "").trim())
              .map((e) => e.outerHTML)
            """);
        Assert.Empty(nameless);
        Assert.Empty(await page.Page.EvaluateAsync<string[]>("() => [...document.querySelectorAll('[style], [onclick], script:not([src]), style')].map((e) => e.outerHTML)"));
    }

    [Theory]
    [InlineData("demo/verto.html", 390)]
    [InlineData("demo/whxp.html", 360)]
    [InlineData("index.html", 360)]
    public async Task A_page_fits_a_phone_without_scrolling_sideways(string path, int width)
    {
        await using var page = await fixture.OpenAsync();
        await page.Page.SetViewportSizeAsync(width, 800);
        await page.Page.RouteAsync("http://localhost:9/**", FakeVerto.FulfilAsync);
        await page.Page.GotoAsync("http://localhost:9/" + path);
        await page.Page.EvaluateAsync("() => document.querySelectorAll('[hidden]').forEach((e) => (e.hidden = false))");
        Assert.True(await page.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth") <= width);
    }

    [Fact]
    public async Task The_phone_says_on_an_insecure_origin_why_there_is_no_microphone()
    {
        await using var page = await fixture.OpenAsync();
        await page.Page.RouteAsync("http://pbx.example/**", FakeVerto.FulfilAsync);
        await page.Page.GotoAsync("http://pbx.example/demo/verto.html");
        var text = await page.Page.InnerTextAsync("#notice");
        Assert.Contains("http://pbx.example is not one", text, StringComparison.Ordinal);
        Assert.Contains("https", text, StringComparison.Ordinal);
        Assert.Contains("http://localhost", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_types_of_the_client_module_are_good_typescript_and_fit_its_use()
    {
        var pages = Path.Combine(Repo.Root, "tests", "Browser.Tests", "pages");
        var start = new ProcessStartInfo(Path.Combine(pages, "node_modules", ".bin", "tsc")) { RedirectStandardOutput = true, WorkingDirectory = pages };
        foreach (var argument in "--noEmit --strict --target es2022 --module es2022 --moduleResolution bundler types.ts".Split(' '))
        {
            start.ArgumentList.Add(argument);
        }

        using var tsc = Process.Start(start)!;
        var output = await tsc.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await tsc.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(tsc.ExitCode == 0, output);
    }
}
