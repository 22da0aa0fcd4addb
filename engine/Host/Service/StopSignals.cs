using System.Runtime.InteropServices;

namespace XSwitchEngine.Host.Service;

/// <summary>Signals of the system: SIGTERM and SIGINT ask to drain, a second one ends at once, SIGHUP reloads.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _forced = new();

    /// <summary>Begins to listen.</summary>
    /// <param name="reload">Called on SIGHUP.</param>
    public StopSignals(Action reload)
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnStop));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnStop));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            reload();
        }));
    }

    /// <summary>Completes when the engine is asked to end.</summary>
    public Task Asked => _asked.Task;

    /// <summary>Cancelled when it is asked a second time.</summary>
    public CancellationToken Forced => _forced.Token;

    /// <summary>Asks, as a signal would.</summary>
    public void Stop()
    {
        if (!_asked.TrySetResult())
        {
            _forced.Cancel();
        }
    }

    /// <summary>Stops listening.</summary>
    public void Dispose()
    {
        _registrations.ForEach(r => r.Dispose());
        _forced.Dispose();
    }

    private void OnStop(PosixSignalContext context)
    {
        context.Cancel = true;
        Stop();
    }
}
