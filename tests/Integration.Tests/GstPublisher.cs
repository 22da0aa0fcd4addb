namespace XSwitchEngine.Integration.Tests;

/// <summary>GStreamer's webrtcbin as a WHIP publisher.</summary>
internal sealed class GstPublisher(string url, string token) : ChildProcess(
    "/usr/bin/python3", [Path.Combine(Repo.Root, "tests", "Integration.Tests", "gstreamer", "whip-publish.py"), url, token], Path.GetTempPath())
{
    /// <summary>Ends it as a user would: its session is deleted.</summary>
    public async Task StopAsync()
    {
        Process.StandardInput.Close();
        await WaitForLineAsync(l => l == "deleted 200");
        await Process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }
}
