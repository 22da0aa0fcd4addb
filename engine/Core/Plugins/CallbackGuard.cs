using System.Diagnostics;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Calls a plugin: nothing it throws comes through, nothing it leaves in the execution context stays, and how long it took is known. One loop only.</summary>
internal sealed class CallbackGuard(PluginLog log, TimeSpan stall, PluginMetrics metrics)
{
    private static readonly ContextCallback RunEvent = static s => ((CallbackGuard)s!).InvokeEvent();
    private static readonly ContextCallback RunAction = static s => ((CallbackGuard)s!)._action!();
    private readonly long _stallTicks = (long)(stall.TotalSeconds * Stopwatch.Frequency);
    private ExecutionContext? _context;
    private IProtocolPlugin? _plugin;
    private TransportEvent _event;
    private Action? _action;
    private string _kind = "";
    private long _since;

    /// <summary>Since when the plugin has been in a callback (<see cref="Stopwatch"/> ticks), or 0. Any thread.</summary>
    public long Since => Volatile.Read(ref _since);

    /// <summary>The callback under way or the last one. Any thread.</summary>
    public string Kind => Volatile.Read(ref _kind);

    /// <summary>Lets an instance handle an event.</summary>
    /// <returns>Its fault, or null.</returns>
    public PluginFault? Event(PluginInstance instance, in TransportEvent e, DateTimeOffset now)
    {
        _plugin = instance.Plugin;
        _event = e;
        var fault = Run(instance, KindName(e.Kind), now, RunEvent, _stallTicks);
        _plugin = null;
        _event = default;
        return fault;
    }

    /// <summary>Calls something else of an instance; how long a change of versions takes is told by who asked for it.</summary>
    public PluginFault? Call(PluginInstance instance, string kind, DateTimeOffset now, Action action)
    {
        _action = action;
        var fault = Run(instance, kind, now, RunAction, long.MaxValue);
        _action = null;
        return fault;
    }

    /// <summary>The name of an event in logs.</summary>
    public static string KindName(TransportEventKind kind) => kind switch
    {
        TransportEventKind.Datagram => "Datagram",
        TransportEventKind.Data => "Data",
        TransportEventKind.Opened => "Opened",
        TransportEventKind.Closed => "Closed",
        TransportEventKind.Timer => "Timer",
        TransportEventKind.Command => "Command",
        TransportEventKind.Resolved => "Resolved",
        TransportEventKind.Records => "Records",
        TransportEventKind.ApiCommand => "ApiCommand",
        TransportEventKind.Configured => "Configured",
        TransportEventKind.HttpRequest => "HttpRequest",
        TransportEventKind.HttpAborted => "HttpAborted",
        TransportEventKind.HttpReplied => "HttpReplied",
        TransportEventKind.Message => "Message",
        TransportEventKind.MessageResult => "MessageResult",
        TransportEventKind.SwitchEvent => "SwitchEvent",
        TransportEventKind.ApiResult => "ApiResult",
        TransportEventKind.None => "None",
        _ => "event",
    };

    private PluginFault? Run(PluginInstance instance, string kind, DateTimeOffset now, ContextCallback callback, long stallTicks)
    {
        var began = Stopwatch.GetTimestamp();
        Volatile.Write(ref _kind, kind);
        Volatile.Write(ref _since, began);
        instance.Host.Enter(now);
        PluginFault? fault = null;
        try
        {
            // What the plugin puts into an AsyncLocal ends with the call: left behind it would hold the plugin's code in memory.
            ExecutionContext.Run(_context ??= ExecutionContext.Capture()!, callback, this);
        }
        catch (Exception e)
        {
            fault = PluginFault.Of(e);
        }

        instance.Host.Leave();
        Volatile.Write(ref _since, 0);
        var took = Stopwatch.GetTimestamp() - began;
        if (took > stallTicks)
        {
            metrics.Count("host_stalls", 1);
            log.Stalled(instance.Manifest.Name, instance.Manifest.Version, (long)Stopwatch.GetElapsedTime(0, took).TotalMilliseconds, kind);
        }

        return fault;
    }

    private void InvokeEvent() => _plugin!.OnEvent(in _event);
}
