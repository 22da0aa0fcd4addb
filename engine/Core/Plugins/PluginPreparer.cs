using System.Buffers;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Plugins;

/// <summary>A version that is loaded but not in force.</summary>
/// <param name="Manifest">Its manifest.</param>
/// <param name="Section">Its configuration.</param>
/// <param name="Code">Its code.</param>
internal sealed record PreparedPlugin(PluginManifest Manifest, PluginSection Section, ILoadedPlugin Code);

/// <summary>Everything that is done with a version before it comes near the mailbox. Off the loop, on threads of its own.</summary>
internal sealed class PluginPreparer(PluginHostOptions options, IPluginLoader loader)
{
    /// <summary>Checks the manifest and the configuration, loads the code.</summary>
    /// <exception cref="PluginLoadException">Says the phase and the reason.</exception>
    public async Task<PreparedPlugin> LoadAsync(string expectedName, string directory, string? configuration, CancellationToken cancellationToken)
    {
        if (!PluginManifestReader.TryRead(directory, out var manifest, out var error))
        {
            throw new PluginLoadException("manifest", error);
        }

        if (manifest.Name != expectedName)
        {
            throw new PluginLoadException("manifest", $"{Path.Combine(directory, PluginManifestReader.FileName)} is of plugin {manifest.Name}, not of {expectedName}");
        }

        if (!PluginSection.TryMerge(manifest, configuration, out var section, out var faults))
        {
            throw new PluginLoadException("options", string.Join("; ", faults));
        }

        var code = await OnThreadAsync(manifest.Name, "resolve", () => loader.Load(manifest, directory), cancellationToken);
        return new PreparedPlugin(manifest, section!, code);
    }

    /// <summary>Makes an instance.</summary>
    public Task<IProtocolPlugin> CreateAsync(PreparedPlugin prepared, CancellationToken cancellationToken) =>
        OnThreadAsync(prepared.Manifest.Name, "ctor", prepared.Code.Create, cancellationToken);

    /// <summary>Lets a throw-away instance take the state and rehearse what happened since: refuses most bad versions before they can do harm, and compiles what the real one will run.</summary>
    public async Task DryRunAsync(PluginSlot slot, PreparedPlugin prepared, Shadow shadow, IReadOnlyList<ListenerInfo> listeners, CancellationToken cancellationToken) =>
        await OnThreadAsync(
            prepared.Manifest.Name,
            "start",
            () =>
            {
                DryRun(slot, prepared, shadow, listeners);
                return true;
            },
            cancellationToken);

    /// <summary>What a version listens on: its own listeners, then its routes on each shared listener.</summary>
    public IReadOnlyList<PlannedListener> Plan(PluginManifest manifest, PluginSection section)
    {
        if (options.Certificates is null && section.Listeners.FirstOrDefault(static l => l.Spec.Transport is TransportKind.Tls or TransportKind.Wss) is { } secure)
        {
            throw new PluginLoadException("listen", $"listener {secure.Spec.Name} needs a certificate, and the engine has none");
        }

        return [.. section.Listeners, .. manifest.Routes.SelectMany(RouteListeners)];
    }

    private IEnumerable<PlannedListener> RouteListeners(RouteSpec route)
    {
        var isSocket = route.Kind == RouteKind.WebSocket;
        if (options.Http is { } http)
        {
            yield return Make(route.Name, isSocket ? TransportKind.Ws : TransportKind.Http, http);
        }

        if (options.Https is { } https)
        {
            yield return Make(route.Name + "-tls", isSocket ? TransportKind.Wss : TransportKind.Https, https);
        }

        PlannedListener Make(string name, TransportKind transport, System.Net.IPEndPoint at) =>
            new(new ListenerSpec(name, route.Profile, transport, at.ToString()), new ListenAddress(at.Address, at.Port)) { Route = route };
    }

    // The route of another version is another object.
    private static bool IsSame(PlannedListener a, PlannedListener b) =>
        a.Address == b.Address && a.Spec.Name == b.Spec.Name && a.Spec.Transport == b.Spec.Transport && a.Spec.Profile == b.Spec.Profile && a.Spec.Subprotocol == b.Spec.Subprotocol
        && (a.Route is null) == (b.Route is null)
        && (a.Route is null || (a.Route.Paths.SequenceEqual(b.Route!.Paths) && a.Route.Kind == b.Route.Kind && a.Route.MaxBytes == b.Route.MaxBytes && a.Route.Subprotocol == b.Route.Subprotocol));

    /// <summary>The listeners that a version needs: kept where name, transport and place are the same, else newly bound.</summary>
    public IReadOnlyList<BoundListener> Bind(IReadOnlyList<PlannedListener> plan, IReadOnlyList<BoundListener> existing, IdSource ids, PluginLog log, string plugin)
    {
        var kept = plan.ToDictionary(static p => p, p => existing.FirstOrDefault(e => IsSame(e.Plan, p)));
        var missing = plan.Where(p => kept[p] is null).ToArray();
        if (!ListenerBinder.TryBind(missing, options.ReceiveBufferBytes, ids, out var bound, out var error))
        {
            throw new PluginLoadException("listen", error);
        }

        foreach (var listener in bound.Where(static b => b.Info.Transport == TransportKind.Udp))
        {
            var granted = listener.Socket!.ReceiveBufferSize;
            if (granted < options.ReceiveBufferBytes)
            {
                log.SmallBuffer(plugin, listener.Info.Name, granted, options.ReceiveBufferBytes);
            }
        }

        var next = 0;
        return [.. plan.Select(p => kept[p] ?? bound[next++])];
    }

    private static void DryRun(PluginSlot slot, PreparedPlugin prepared, Shadow shadow, IReadOnlyList<ListenerInfo> listeners)
    {
        var plugin = prepared.Code.Create();
        var host = new InstanceHost(slot, prepared.Section.Options, listeners, InstanceMode.DryRun);
        var phase = "start";
        try
        {
            plugin.Start(host, dryRun: true);
            phase = "import";
            plugin.Import(new ReadOnlySequence<byte>(shadow.State));
            phase = "export";
            plugin.Export(new ArrayBufferWriter<byte>(Math.Max(shadow.State.Length, 256)));
            phase = "rehearsal";
            foreach (var record in shadow.Events)
            {
                host.Given = record;
                host.Enter(record.Now);
                plugin.OnEvent(record.Event);
            }

            phase = "stop";
            plugin.Stop(replaced: true);
        }
        catch (Exception e)
        {
            throw PluginLoadException.From(phase, e);
        }
        finally
        {
            host.Mode = InstanceMode.Revoked;
        }
    }

    // A thread of its own: the plugin's code may hang, and what it leaves in the thread must not stay in a pool.
    private async Task<T> OnThreadAsync<T>(string plugin, string phase, Func<T> function, CancellationToken cancellationToken)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                result.SetResult(function());
            }
            catch (PluginLoadException e)
            {
                result.SetException(e);
            }
            catch (Exception e)
            {
                result.SetException(PluginLoadException.From(phase, e));
            }
        })
        { IsBackground = true, Name = $"plugin {plugin} {phase}" };
        thread.UnsafeStart();
        try
        {
            return await result.Task.WaitAsync(options.StartTimeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new PluginLoadException(phase, $"did not return within {options.StartTimeout.TotalSeconds:0.#} s");
        }
    }
}
