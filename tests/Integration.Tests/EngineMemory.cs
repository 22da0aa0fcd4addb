using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;

namespace XSwitchEngine.Integration.Tests;

/// <summary>Memory of a running engine, without what its garbage collector has not looked at yet.</summary>
internal static class EngineMemory
{
    private const long CollectHeap = 0x800000;

    /// <summary>Has a .NET process collect all generations: opening a trace with this keyword does so.</summary>
    public static async Task CollectAsync(int process)
    {
        using var session = await new DiagnosticsClient(process).StartEventPipeSessionAsync(
            [new EventPipeProvider("Microsoft-Windows-DotNETRuntime", EventLevel.Informational, CollectHeap)], requestRundown: false, token: TestContext.Current.CancellationToken);
        var reading = session.EventStream.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        await session.StopAsync(TestContext.Current.CancellationToken);
        await reading;
    }
}
