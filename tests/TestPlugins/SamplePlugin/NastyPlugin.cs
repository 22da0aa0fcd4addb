using XSwitchEngine.Abstractions;

namespace XSwitchEngine.TestPlugins;

/// <summary>Breaks the rules that let code leave the memory: a static event of the runtime and a timer of its own, which calls the host from outside.</summary>
#pragma warning disable CA1001 // leaving the timer behind is what it is for
internal sealed class NastyPlugin : CountingV1
#pragma warning restore CA1001
{
    private Timer? _timer;

    public override void Start(IPluginHost host, bool dryRun)
    {
        base.Start(host, dryRun);
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        _timer = new Timer(_ => host.Count("stray"), null, 0, 1);
    }

    private void OnExit(object? sender, EventArgs e) => _timer?.Dispose();
}

/// <summary>Leaves something in the execution context of its caller, which would keep its code in memory if the host let it.</summary>
internal sealed class AmbientPlugin : CountingPlugin
{
    private static readonly AsyncLocal<object?> Ambient = new();

    protected override string Version => Ambient.Value is null ? "clean" : "dirty";

    public override void Start(IPluginHost host, bool dryRun)
    {
        base.Start(host, dryRun);
        Ambient.Value = this;
    }
}
