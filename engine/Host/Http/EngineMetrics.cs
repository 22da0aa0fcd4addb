using Prometheus;
using XSwitchEngine.Core;
using XSwitchEngine.Core.Events;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Host.Http;

/// <summary>Metrics of the running engine, read from its counters when they are asked for.</summary>
/// <remarks>Labels are names of plugins and of metrics that a manifest or the code fixes, never anything that a peer sends.</remarks>
internal sealed class EngineMetrics
{
    private readonly MetricFactory _metrics;
    private readonly Gauge _active;
    private readonly Gauge _bridges;
    private readonly Gauge _peak;
    private readonly Counter _sessions;
    private readonly Counter _refused;
    private readonly Gauge _perSecond;
    private readonly Counter _faults;
    private readonly Gauge _loop;
    private readonly Gauge _ready;
    private readonly Gauge _draining;
    private readonly Gauge _registrations;
    private readonly Gauge _generation;
    private readonly Counter _events;
    private readonly Counter _eventsDropped;
    private readonly Gauge _mediaSessions;
    private readonly Gauge _ports;
    private readonly Counter _packetsIn;
    private readonly Counter _packetsOut;
    private readonly Counter _packetsDropped;
    private readonly Gauge _scriptsRunning;
    private readonly Counter _scripts;
    private readonly Counter _scriptErrors;
    private readonly Counter _scriptsKilled;
    private readonly Counter _preemptions;
    private readonly Gauge _scriptBytes;
    private readonly Counter _pluginEvents;
    private readonly Counter _pluginFaults;
    private readonly Gauge _pluginGeneration;
    private readonly Gauge _pluginLeaked;
    private readonly Gauge _pluginRunning;

    /// <summary>Makes the metrics.</summary>
    /// <param name="registry">Where they are registered.</param>
    public EngineMetrics(CollectorRegistry registry)
    {
        _metrics = Metrics.WithCustomRegistry(registry);
        _active = Gauge("xswitch_calls_active", "Legs now.");
        _bridges = Gauge("xswitch_bridges_active", "Bridges now.");
        _peak = Gauge("xswitch_calls_peak", "Most legs at once since the start.");
        _sessions = Counter("xswitch_sessions_total", "Legs since the start.");
        _refused = Counter("xswitch_sessions_refused_total", "Legs refused because of a limit or of draining.");
        _perSecond = Gauge("xswitch_sessions_per_second", "Legs made in the last full second.");
        _faults = Counter("xswitch_core_faults_total", "Exceptions caught by the core loop.");
        _loop = Gauge("xswitch_core_loop_length", "Items waiting for the core loop.");
        _ready = Gauge("xswitch_ready", "1 while new calls are taken.");
        _draining = Gauge("xswitch_draining", "1 while the engine drains.");
        _registrations = Gauge("xswitch_registrations", "Bindings of users now.");
        _generation = Gauge("xswitch_config_generation", "1 at the start, one more at each reload.");
        _events = Counter("xswitch_events_published_total", "Events given to subscribers.");
        _eventsDropped = Counter("xswitch_events_dropped_total", "Events lost by slow subscribers.");
        _mediaSessions = Gauge("xswitch_media_sessions", "Open media sessions.");
        _ports = Gauge("xswitch_rtp_ports_leased", "RTP and RTCP ports out of the pool.");
        _packetsIn = Counter("xswitch_rtp_packets_received_total", "RTP packets received.");
        _packetsOut = Counter("xswitch_rtp_packets_sent_total", "RTP packets sent.");
        _packetsDropped = Counter("xswitch_rtp_packets_dropped_total", "RTP packets not accepted.");
        _scriptsRunning = Gauge("xswitch_lua_running", "Script runs now.");
        _scripts = Counter("xswitch_lua_runs_total", "Script runs since the start.");
        _scriptErrors = Counter("xswitch_lua_errors_total", "Script runs that ended with an error.");
        _scriptsKilled = Counter("xswitch_lua_killed_total", "Script runs that were killed at a limit.");
        _preemptions = Counter("xswitch_lua_preemptions_total", "Times that a script was pre-empted at the end of its slice.");
        _scriptBytes = Gauge("xswitch_lua_bytes", "Memory of all Lua states.");
        _pluginEvents = Counter("xswitch_plugin_events_total", "Events handled by a plugin.", "plugin");
        _pluginFaults = Counter("xswitch_plugin_faults_total", "Exceptions in a plugin's callbacks.", "plugin");
        _pluginGeneration = Gauge("xswitch_plugin_generation", "1 at the start, one more at each swap.", "plugin");
        _pluginLeaked = Gauge("xswitch_plugin_leaked_contexts", "Old load contexts that are still in memory.", "plugin");
        _pluginRunning = Gauge("xswitch_plugin_running", "1 while the plugin is neither quarantined nor stopped.", "plugin");
    }

    /// <summary>Reads the counters.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="events">Its event bus.</param>
    /// <param name="generation">Generation of the configuration.</param>
    public void Update(IEngine engine, EventBus events, long generation)
    {
        var statistics = engine.Statistics;
        _active.Set(statistics.Sessions);
        _bridges.Set(statistics.Calls);
        _peak.Set(statistics.PeakSessions);
        _sessions.IncTo(statistics.TotalSessions);
        _refused.IncTo(statistics.RefusedSessions);
        _perSecond.Set(statistics.SessionsPerSecond);
        _faults.IncTo(statistics.Faults);
        _loop.Set(statistics.LoopLength);
        _ready.Set(engine.IsReady ? 1 : 0);
        _draining.Set(statistics.IsDraining ? 1 : 0);
        _registrations.Set(engine.Directory.AllRegistrations.Count);
        _generation.Set(generation);
        _events.IncTo(events.Published);
        _eventsDropped.IncTo(events.Dropped);
        var media = engine.Media.PlaneStatistics;
        _mediaSessions.Set(media.Sessions);
        _ports.Set(media.PortsLeased);
        _packetsIn.IncTo(media.PacketsReceived);
        _packetsOut.IncTo(media.PacketsSent);
        _packetsDropped.IncTo(media.PacketsDropped);
        var scripts = engine.Scripts.Statistics;
        _scriptsRunning.Set(scripts.Running);
        _scripts.IncTo(scripts.Started);
        _scriptErrors.IncTo(scripts.Errors);
        _scriptsKilled.IncTo(scripts.Killed);
        _preemptions.IncTo(scripts.Preemptions);
        _scriptBytes.Set(scripts.Bytes);
        foreach (var plugin in engine.Plugins.Status)
        {
            Update(plugin);
        }
    }

    private void Update(PluginStatus plugin)
    {
        _pluginEvents.WithLabels(plugin.Name).IncTo(plugin.Events);
        _pluginFaults.WithLabels(plugin.Name).IncTo(plugin.Faults);
        _pluginGeneration.WithLabels(plugin.Name).Set(plugin.Generation);
        _pluginLeaked.WithLabels(plugin.Name).Set(plugin.LeakedContexts);
        _pluginRunning.WithLabels(plugin.Name).Set(plugin.State == "running" ? 1 : 0);
        foreach (var (name, value) in plugin.Metrics)
        {
            var full = $"xswitch_{Name(plugin.Name)}_{Name(name)}";
            if (full.EndsWith("_total", StringComparison.Ordinal))
            {
                _metrics.CreateCounter(full, $"Counted by plugin {plugin.Name}.").IncTo(value);
            }
            else
            {
                _metrics.CreateGauge(full, $"Reported by plugin {plugin.Name}.").Set(value);
            }
        }
    }

    private static string Name(string text) => string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '_'));

    private Gauge Gauge(string name, string help, params string[] labels) => _metrics.CreateGauge(name, help, labels);

    private Counter Counter(string name, string help, params string[] labels) => _metrics.CreateCounter(name, help, labels);
}
