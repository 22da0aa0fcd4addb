using System.Net;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Requests, messages, events and API commands.</summary>
internal sealed partial class InstanceHost
{
    /// <summary>The switch events that this instance wants.</summary>
    public IReadOnlyCollection<string> WantedEvents { get; private set; } = [];

    public void Respond(long key, HttpReply reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        Do(Active, () => Slot.Http.Complete(key, reply), alsoInReplay: true);
    }

    public void CompleteMessage(long key, int status, string reason) =>
        Do(Active, () => Slot.Messages.Complete(key, new MessageOutcome(status, reason ?? "")), alsoInReplay: true);

    public void Subscribe(IReadOnlyCollection<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        string[] wanted = [.. names];
        var mode = Active;
        if (mode != InstanceMode.Revoked)
        {
            WantedEvents = wanted;
        }

        // In a replay the slot chooses for the version that is back in force when it is over.
        Do(mode, () => Slot.Events.Choose(wanted), alsoInReplay: false);
    }

    public void Publish(PluginEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        Do(Active, () => Slot.Events.Publish(e), alsoInReplay: false);
    }

    public void RunApi(long key, string command, string arguments)
    {
        var line = string.IsNullOrEmpty(arguments) ? command : $"{command} {arguments}";
        var mode = Active;
        if (!WasAsked(mode, "api " + line, key))
        {
            Do(mode, () => Slot.RunEngineApi(key, line), alsoInReplay: true);
        }
    }

    /// <summary>See <see cref="ICallCore.Submit"/>.</summary>
    internal void Submit(long key, TextMessage message)
    {
        var mode = Active;
        if (!WasAsked(mode, "message " + message.To, key))
        {
            Do(mode, () => Slot.Submit(key, message), alsoInReplay: true);
        }
    }

    public ConnectionId Connect(ListenerId listener, IPEndPoint to) => Connect(listener, to, null);

    ConnectionId IPluginHost.Connect(ListenerId listener, IPEndPoint to, string serverName)
    {
        ArgumentNullException.ThrowIfNull(serverName);
        return Connect(listener, to, serverName);
    }

    // What the failed version asked for on trial has been done and its answer comes once; the version that lives through the same must not ask again.
    private bool WasAsked(InstanceMode mode, string what, long key)
    {
        if (mode == InstanceMode.Trial)
        {
            Recorder?.Lookups.Add((key, what), true);
        }

        return mode == InstanceMode.Replay && Given is not null && Given.Lookups.TryTake((key, what), out _);
    }
}
