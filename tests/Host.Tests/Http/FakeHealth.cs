using XSwitchEngine.Host.Http;

namespace XSwitchEngine.Host.Tests.Http;

/// <summary>Health as a test says.</summary>
internal sealed class FakeHealth : IHealth
{
    public bool IsReady { get; set; }

    public bool IsAlive { get; set; }

    public string NotReadyReason => "draining";

    public Task<bool> IsAliveAsync(CancellationToken cancellationToken) => Task.FromResult(IsAlive);

    public Task WriteMetricsAsync(Stream to, CancellationToken cancellationToken) => to.WriteAsync("xswitch_up 1\n"u8.ToArray(), cancellationToken).AsTask();
}
