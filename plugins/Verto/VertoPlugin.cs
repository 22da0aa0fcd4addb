using System.Buffers;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Methods;
using XSwitchEngine.Plugins.Verto.Sessions;
using XSwitchEngine.Plugins.Verto.State;

namespace XSwitchEngine.Plugins.Verto;

/// <summary>Verto: JSON-RPC over WebSocket, as FreeSWITCH's browser clients speak it.</summary>
public sealed class VertoPlugin : IProtocolPlugin
{
    /// <summary>The scheme of dial strings and channel names.</summary>
    internal const string Endpoint = "verto.rtc";

    private VertoContext? _context;
    private VertoApi? _api;

    /// <summary>The parts, for tests.</summary>
    internal VertoContext Parts => _context ?? throw new InvalidOperationException("The plugin is not started");

    /// <inheritdoc/>
    public void Start(IPluginHost host, bool dryRun)
    {
        ArgumentNullException.ThrowIfNull(host);
        _context = new VertoContext(host);
        _api = new VertoApi(_context);
        _context.Channels.Refresh();
    }

    /// <inheritdoc/>
    public void Import(in ReadOnlySequence<byte> state) => VertoState.Read(Parts, state);

    /// <inheritdoc/>
    public void Export(IBufferWriter<byte> to) => VertoState.Write(Parts, to);

    /// <inheritdoc/>
    public void OnEvent(in TransportEvent e)
    {
        var context = Parts;
        Handle(context, e);
        context.Flush();
    }

    /// <inheritdoc/>
    public void Stop(bool replaced)
    {
        if (!replaced && _context is { } context)
        {
            foreach (var leg in context.Legs.All.ToArray())
            {
                context.Commands.Hangup(leg, HangupCause.SystemShutdown);
            }

            context.Flush();
        }

        _context = null;
        _api = null;
    }

    private void Handle(VertoContext context, in TransportEvent e)
    {
        switch (e.Kind)
        {
            case TransportEventKind.Opened:
                context.Sessions.OnOpened(e);
                break;
            case TransportEventKind.Data:
                context.Requests.OnData(e);
                break;
            case TransportEventKind.Closed:
                context.Sessions.OnClosed(e.Connection);
                break;
            case TransportEventKind.Timer:
                OnTimer(context, e);
                break;
            case TransportEventKind.Command when e.Command is { } command:
                context.Commands.Execute(command);
                break;
            case TransportEventKind.ApiCommand:
                _api!.Execute(e.Key, e.Text ?? "");
                break;
            case TransportEventKind.ApiResult when TimerKey.Kind(e.Key) == TimerKind.Presence:
                context.Channels.OnChannels(TimerKey.Owner(e.Key), e.Text ?? "");
                break;
            case TransportEventKind.ApiResult when context.Replies.Find(TimerKey.Owner(e.Key)) is { } reply:
                ApiMethods.OnResult(context, reply, e.Text ?? "");
                break;
            case TransportEventKind.Message:
                context.Messages.Deliver(e);
                break;
            case TransportEventKind.MessageResult when context.Replies.Find(TimerKey.Owner(e.Key)) is { Kind: ReplyKind.Message } reply:
                context.Messages.OnResult(reply, e.Status, e.Text ?? "");
                break;
            case TransportEventKind.SwitchEvent when e.Event is { } switchEvent:
                context.Channels.OnEvent(switchEvent);
                break;
            case TransportEventKind.Configured:
                context.Configure(e.Text ?? "");
                break;
            case TransportEventKind.None or TransportEventKind.Datagram or TransportEventKind.Command or TransportEventKind.Resolved or TransportEventKind.HttpRequest
                or TransportEventKind.HttpAborted or TransportEventKind.MessageResult or TransportEventKind.ApiResult or TransportEventKind.SwitchEvent:
            default:
                break;
        }
    }

    private static void OnTimer(VertoContext context, in TransportEvent e)
    {
        var owner = TimerKey.Owner(e.Key);
        switch (TimerKey.Kind(e.Key))
        {
            case TimerKind.Session:
                context.Sessions.OnTimer(new ConnectionId(owner), e.Timer);
                break;
            case TimerKind.Leg:
                context.Legs.OnTimer(owner, e.Timer);
                break;
            case TimerKind.Reply:
                context.Replies.OnTimer(owner);
                break;
            case TimerKind.SpeedTest:
                context.Requests.Speed.OnTimer(new ConnectionId(owner));
                break;
            case TimerKind.Attach:
                context.Attachments.OnTimer(new ConnectionId(owner));
                break;
            case TimerKind.Digits when context.Legs.Find(owner) is { } leg:
                InfoMethod.OnTimer(context, leg);
                break;
            case TimerKind.None or TimerKind.Digits or TimerKind.Presence:
            default:
                break;
        }
    }
}
