using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Plugins;

/// <content>Another version takes over.</content>
public sealed partial class PluginHost
{
    /// <inheritdoc/>
    public async Task<SwapResult> SwapAsync(string name, string? directory, CancellationToken cancellationToken)
    {
        if (Find(name) is not { } slot)
        {
            return new SwapResult(false, $"there is no plugin {name}; there {(_routes.Slots.Count == 1 ? "is" : "are")} {string.Join(", ", _routes.Slots.Select(static s => s.Name))}", TimeSpan.Zero);
        }

        if (slot.Leaked >= _options.MaxLeakedContexts)
        {
            return new SwapResult(false, $"{slot.Leaked} replaced versions of {name} are still in memory; restart the engine before the next swap", TimeSpan.Zero);
        }

        if (!await slot.ChangeGate.WaitAsync(0, CancellationToken.None))
        {
            return new SwapResult(false, $"a swap of {name} is under way (its probation included)", TimeSpan.Zero);
        }

        try
        {
            var result = await SwapSlotAsync(slot, directory, cancellationToken);
            if (result.Succeeded)
            {
                slot.Log.Swapped(name, result.Message);
            }
            else
            {
                slot.Log.NotSwapped(name, slot.Current?.Manifest.Version ?? "", result.Message);
            }

            return result;
        }
        finally
        {
            slot.ChangeGate.Release();
        }
    }

    private static void CloseUnused(IReadOnlyList<BoundListener> bound, IReadOnlyList<BoundListener> kept)
    {
        foreach (var listener in bound.Except(kept))
        {
            listener.Dispose();
        }
    }

    private async Task<SwapResult> SwapSlotAsync(PluginSlot slot, string? directory, CancellationToken cancellationToken)
    {
        directory ??= PluginDirectory.Newest(Path.Combine(_options.PluginDirectory, slot.Name));
        if (directory is null)
        {
            return new SwapResult(false, $"manifest: there is no version of {slot.Name} in {_options.PluginDirectory}", TimeSpan.Zero);
        }

        PreparedPlugin? prepared = null;
        IReadOnlyList<BoundListener> listeners = [];
        var existing = slot.Current?.Listeners ?? [];
        try
        {
            prepared = await _preparer.LoadAsync(slot.Name, directory, slot.Configuration, cancellationToken);
            CheckConflicts(prepared.Manifest, slot);
            listeners = _preparer.Bind(_preparer.Plan(prepared.Manifest, prepared.Section), existing, _ids, slot.Log, slot.Name);
            var infos = listeners.Select(static l => l.Info).ToArray();
            var shadow = await ShadowAsync(slot, cancellationToken);
            await _preparer.DryRunAsync(slot, prepared, shadow, infos, cancellationToken);
            var plugin = await _preparer.CreateAsync(prepared, cancellationToken);
            var host = new InstanceHost(slot, prepared.Section.Options, infos, InstanceMode.Trial);
            var next = new PluginInstance(prepared.Manifest, prepared.Code, plugin, host, listeners);
            plugin = null;
            var (trial, pause) = await LoopCall.RunAsync(slot.Loop, () => slot.Flip(next), _options.StartTimeout, cancellationToken);
            return await ConcludeAsync(slot, trial, next, pause);
        }
        catch (Exception e) when (e is PluginLoadException or TimeoutException or OperationCanceledException)
        {
            CloseUnused(listeners, existing);
            if (prepared is not null)
            {
                _contexts.Add(slot, prepared.Manifest.Version, prepared.Code.Unload());
            }

            return new SwapResult(false, e is TimeoutException ? Stalled(slot) : e is OperationCanceledException ? "given up before the change-over" : e.Message, TimeSpan.Zero);
        }
    }

    private async Task<Shadow> ShadowAsync(PluginSlot slot, CancellationToken cancellationToken)
    {
        var shadow = await LoopCall.RunAsync(slot.Loop, slot.BeginShadow, _options.StartTimeout, cancellationToken);
        try
        {
            await Task.Delay(_options.Shadow, _time, cancellationToken);
        }
        finally
        {
            await LoopCall.RunAsync(slot.Loop, slot.EndShadow, _options.StartTimeout, CancellationToken.None);
        }

        return shadow;
    }

    private async Task<SwapResult> ConcludeAsync(PluginSlot slot, Trial trial, PluginInstance next, TimeSpan pause)
    {
        var old = trial.Old;
        var fault = await trial.Ended.Task;
        var retired = fault is null ? old : next;
        if (retired.Release() is { } context)
        {
            _contexts.Add(slot, retired.Manifest.Version, context);
        }

        return fault is null
            ? new SwapResult(true, $"{slot.Name} {old.Manifest.Version} -> {next.Manifest.Version}, generation {slot.Generation}, the mailbox stood still for {pause.TotalMilliseconds:0.00} ms", pause)
            : new SwapResult(false, $"probation: {fault.Text}; {slot.Name} {old.Manifest.Version} is back in force", pause);
    }
}
