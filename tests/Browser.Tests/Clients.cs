using System.Diagnostics;
using XSwitchEngine.Integration.Tests;

namespace XSwitchEngine.Browser.Tests;

/// <summary>The clients of other people that <c>pages/package.json</c> names, as one script for a page: the global <c>clients</c>.</summary>
internal static class Clients
{
    private static readonly Lazy<Task<string>> Bundle = new(MakeAsync);

    /// <summary>Bundles once and returns the file.</summary>
    public static Task<string> BundleAsync() => Bundle.Value;

    private static async Task<string> MakeAsync()
    {
        var pages = Path.Combine(Repo.Root, "tests", "Browser.Tests", "pages");
        var esbuild = Path.Combine(pages, "node_modules", ".bin", "esbuild");
        Assert.True(File.Exists(esbuild), $"npm ci --prefix {pages} has not been run (tests/run does it)");
        var file = Path.Combine(AppContext.BaseDirectory, "clients.js");
        var start = new ProcessStartInfo(esbuild) { RedirectStandardError = true };
        foreach (var argument in new[] { Path.Combine(pages, "clients.js"), "--bundle", "--format=iife", "--global-name=clients", "--log-level=error", "--outfile=" + file })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, errors);
        return file;
    }
}
