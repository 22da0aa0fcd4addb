using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.TestPlugins;

/// <summary>
/// A protocol small enough to check every message of: a line <c>flow seq</c> is answered by <c>flow seq count version</c>, where count is how many
/// lines of that flow were handled, by all versions together. The option <c>behaviour</c> makes a version bad in one way.
/// </summary>
internal abstract class CountingPlugin : IProtocolPlugin
{
    private const int TimerKeyOffset = 1000;
    private const long LateKeys = 1_000_000_000;
    private readonly Dictionary<ConnectionId, string> _partial = [];
    private string _behaviour = "";
    private int _handled;
    private bool _isDryRun;

    protected IPluginHost Host { get; private set; } = null!;

    protected Dictionary<string, int> Counts { get; } = [];

    protected Dictionary<string, int> LastSequence { get; } = [];

    protected int TimersFired { get; set; }

    protected int Configured { get; private set; }

    /// <summary>What replies show.</summary>
    protected abstract string Version { get; }

    public virtual void Start(IPluginHost host, bool dryRun)
    {
        Host = host;
        _isDryRun = dryRun;
        using var options = JsonDocument.Parse(host.Options);
        _behaviour = options.RootElement.TryGetProperty("behaviour", out var value) ? value.GetString() ?? "" : "";
        switch (_behaviour)
        {
            case "throw-in-start":
                throw new InvalidOperationException("will not start");
            case "block-in-start":
                Thread.Sleep(Timeout.Infinite);
                break;
            case "throw-in-real-start" when !dryRun:
                throw new InvalidOperationException("will not start for real");
            case "timer-in-start":
                _ = host.SetTimer(TimerKeyOffset, TimeSpan.FromHours(1));
                break;
            default:
                break;
        }
    }

    public void Import(in ReadOnlySequence<byte> state)
    {
        if (_behaviour == "throw-in-import" || (_behaviour == "throw-in-import-of-state" && state.Length > 0))
        {
            throw new FormatException("will not read this");
        }

        if (!state.IsEmpty)
        {
            Read(state);
        }
    }

    public void Export(IBufferWriter<byte> to)
    {
        if (_behaviour == "throw-in-export" && Host.Listeners.Count > 0 && _handled > 0)
        {
            throw new InvalidOperationException("will not export");
        }

        Write(to);
    }

    public void OnEvent(in TransportEvent e)
    {
        Misbehave(e);
        switch (e.Kind)
        {
            case TransportEventKind.Datagram:
                var reply = Handle(Encoding.ASCII.GetString(e.Data.Span));
                Host.SendDatagram(e.Listener, e.Remote!, Encoding.ASCII.GetBytes(reply));
                break;
            case TransportEventKind.Opened:
                _partial[e.Connection] = "";
                break;
            case TransportEventKind.Data:
                OnData(e);
                break;
            case TransportEventKind.Closed:
                _partial.Remove(e.Connection);
                break;
            case TransportEventKind.Timer when e.Key >= LateKeys:
                Respond(e.Key - LateKeys, "late");
                break;
            case TransportEventKind.Timer:
                TimersFired++;
                break;
            case TransportEventKind.HttpRequest when e.Request!.Path.EndsWith("/late", StringComparison.Ordinal):
                _ = Host.SetTimer(LateKeys + e.Key, TimeSpan.FromMilliseconds(int.Parse(e.Request.Query, CultureInfo.InvariantCulture)));
                break;
            case TransportEventKind.HttpRequest when e.Request!.Path.EndsWith("/seen", StringComparison.Ordinal):
                Respond(e.Key, $"{e.Request.Method} {e.Request.Scheme} {e.Request.Host} {e.Request.Path} {e.Request.Query} {e.Remote!.Address} {e.Request.Header("X-Test")} {e.Request.Body.Length}");
                break;
            case TransportEventKind.HttpRequest:
                Respond(e.Key, Handle(Encoding.ASCII.GetString(e.Request!.Body.Span)));
                break;
            case TransportEventKind.HttpAborted:
                Host.Count("aborted");
                break;
            case TransportEventKind.Command:
                OnCommand(e.Command!);
                break;
            case TransportEventKind.ApiCommand:
                Host.CompleteApi(e.Key, Describe());
                break;
            case TransportEventKind.Configured:
                Configured++;
                break;
            case TransportEventKind.None:
            case TransportEventKind.Resolved:
            default:
                break;
        }
    }

    public virtual void Stop(bool replaced)
    {
    }

    protected virtual void Read(in ReadOnlySequence<byte> state) => SampleState.Read(state, Counts, LastSequence, _partial, t => TimersFired = t);

    protected virtual void Write(IBufferWriter<byte> to) => SampleState.Write(to, Counts, null, _partial, TimersFired);

    protected IReadOnlyDictionary<ConnectionId, string> Partial => _partial;

    private void Misbehave(in TransportEvent e)
    {
        _handled++;
        var parts = _behaviour.Split(':');
        var limit = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 1;
        if (parts[0] == "throw-in-rehearsal" && _isDryRun && _handled >= limit)
        {
            throw new InvalidOperationException($"event {_handled} is too much");
        }

        if (parts[0] == "throw-at-event" && !_isDryRun && _handled >= limit)
        {
            // As bad as it can be: the failed event has had effects already.
            Host.Count("half_done");
            if (e.Kind == TransportEventKind.Datagram)
            {
                Host.SendDatagram(e.Listener, e.Remote!, "half done"u8);
                _ = Host.SetTimer(7, TimeSpan.FromMilliseconds(1));
            }

            throw new InvalidOperationException($"event {_handled} is too much");
        }

        if (parts[0] == "throw-at-commands" && e.Kind == TransportEventKind.Command)
        {
            throw new InvalidOperationException("no commands");
        }
    }

    private void OnData(in TransportEvent e)
    {
        var text = _partial.GetValueOrDefault(e.Connection, "") + Encoding.ASCII.GetString(e.Data.Span);
        var lines = text.Split('\n');
        var replies = new StringBuilder();
        foreach (var line in lines[..^1])
        {
            replies.Append(Handle(line)).Append('\n');
        }

        _partial[e.Connection] = lines[^1];
        if (replies.Length > 0)
        {
            Host.Send(e.Connection, Encoding.ASCII.GetBytes(replies.ToString()));
        }
    }

    private void OnCommand(LegCommand command)
    {
        if (command is LegCommand.Originate)
        {
            Host.Calls.Post(new LegEvent.Ringing(command.Leg));
        }
        else if (command is LegCommand.Hangup hangup)
        {
            Host.Calls.Post(new LegEvent.HungUp(command.Leg, hangup.Cause, 0, "", ByPeer: false));
        }
    }

    private string Handle(string line)
    {
        var words = line.Split(' ');
        if (words is ["timer", var key, var milliseconds])
        {
            _ = Host.SetTimer(long.Parse(key, CultureInfo.InvariantCulture), TimeSpan.FromMilliseconds(double.Parse(milliseconds, CultureInfo.InvariantCulture)));
            return "set";
        }

        if (words is ["block", var span])
        {
            Thread.Sleep(int.Parse(span, CultureInfo.InvariantCulture));
            return "unblocked";
        }

        if (words is ["refuse", var user])
        {
            Host.Security("auth_fail", new IPEndPoint(IPAddress.Loopback, 5071), ("user", user));
            Host.Log(PluginLogLevel.Warning, default, $"refused {user}\r\nforged line");
            return "refused";
        }

        if (words.Length != 2 || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
        {
            return "what?";
        }

        var count = Counts.GetValueOrDefault(words[0]) + 1;
        Counts[words[0]] = count;
        LastSequence[words[0]] = sequence;
        Host.Count("lines");
        return $"{words[0]} {sequence} {count} {Version}";
    }

    private void Respond(long key, string text) =>
        Host.Respond(key, new HttpReply(200, [new("Content-Type", "text/plain"), new("X-Split", "a\r\nSet-Cookie: b"), new("Content-Length", "1")], Encoding.ASCII.GetBytes(text)));

    private string Describe() =>
        $"version={Version} timers={TimersFired} configured={Configured} " + string.Join(' ', Counts.OrderBy(static c => c.Key, StringComparer.Ordinal).Select(static c => $"{c.Key}={c.Value}"));
}

/// <summary>The first version: its state is a map of counters.</summary>
internal class CountingV1 : CountingPlugin
{
    protected override string Version => "v1";
}

/// <summary>The second version keeps one thing more in its state.</summary>
internal sealed class CountingV2 : CountingPlugin
{
    protected override string Version => "v2";

    protected override void Write(IBufferWriter<byte> to) => SampleState.Write(to, Counts, LastSequence, Partial, TimersFired);
}

/// <summary>Fails before it is anything.</summary>
internal sealed class ThrowingInConstructor : CountingV1
{
    public ThrowingInConstructor() => throw new InvalidOperationException("will not be made");
}

/// <summary>Not a plugin.</summary>
internal sealed class NotAPlugin;
