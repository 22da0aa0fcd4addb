using System.Buffers;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.State;

namespace XSwitchEngine.Plugins.Sip;

/// <summary>SIP over UDP, TCP, TLS and WebSocket: user agent of both roles for each leg, and registrar (RFC 3261).</summary>
public sealed class SipPlugin : IProtocolPlugin
{
    /// <summary>The scheme of dial strings and channel names.</summary>
    internal const string Endpoint = "sofia";

    private SipContext? _context;
    private SipApi? _api;

    private SipContext Context => _context ?? throw new InvalidOperationException("The plugin is not started");

    /// <summary>The parts, for tests.</summary>
    internal SipContext Parts => Context;

    /// <inheritdoc/>
    public void Start(IPluginHost host, bool dryRun)
    {
        ArgumentNullException.ThrowIfNull(host);
        _context = new SipContext(host);
        _api = new SipApi(_context);
    }

    /// <inheritdoc/>
    public void Import(in ReadOnlySequence<byte> state) => SipState.Read(Context, state);

    /// <inheritdoc/>
    public void Export(IBufferWriter<byte> to) => SipState.Write(Context, to);

    /// <inheritdoc/>
    public void OnEvent(in TransportEvent e)
    {
        var context = Context;
        switch (e.Kind)
        {
            case TransportEventKind.Datagram:
                context.Transport.OnDatagram(e);
                break;
            case TransportEventKind.Opened:
                context.Transport.OnOpened(e);
                break;
            case TransportEventKind.Data:
                context.Transport.OnData(e);
                break;
            case TransportEventKind.Closed:
                context.Transport.OnClosed(e.Connection);
                break;
            case TransportEventKind.Timer:
                OnTimer(context, e);
                break;
            case TransportEventKind.Command when e.Command is { } command:
                context.Commands.Execute(command);
                break;
            case TransportEventKind.Resolved when TimerKey.Kind(e.Key) == TimerKind.Lookup:
                context.Locator.OnAddresses(TimerKey.Owner(e.Key), e.Addresses ?? []);
                break;
            case TransportEventKind.Records:
                context.Locator.OnAnswer(TimerKey.Owner(e.Key), e.Records ?? []);
                break;
            case TransportEventKind.Message when e.Message is { } message && e.Target is { } target:
                context.Chat.Send(e.Key, message, target);
                break;
            case TransportEventKind.MessageResult:
                context.Chat.OnSubmitted(e.Key, e.Status, e.Text ?? "");
                break;
            case TransportEventKind.SwitchEvent when e.Event is { } happened:
                context.Subscriptions.OnEvent(happened);
                break;
            case TransportEventKind.ApiResult when TimerKey.Kind(e.Key) == TimerKind.Subscription:
                context.Subscriptions.OnChannels(e.Text ?? "");
                break;
            case TransportEventKind.Resolved when TimerKey.Kind(e.Key) == TimerKind.Leg:
                context.Legs.ByKey(TimerKey.Owner(e.Key))?.OnResolved(e.Addresses ?? []);
                break;
            case TransportEventKind.ApiCommand:
                _api!.Execute(e.Key, e.Text ?? "");
                break;
            case TransportEventKind.Configured:
                context.Configure(e.Text ?? "");
                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public void Stop(bool replaced)
    {
        if (!replaced && _context is { } context)
        {
            foreach (var leg in context.Legs.All.ToArray())
            {
                leg.Execute(new LegCommand.Hangup(leg.Id, HangupCause.SystemShutdown, 0, ""));
            }

            foreach (var gateway in context.Gateways.All)
            {
                gateway.Stop();
            }
        }

        _context = null;
        _api = null;
    }

    private static void OnTimer(SipContext context, in TransportEvent e)
    {
        var owner = TimerKey.Owner(e.Key);
        switch (TimerKey.Kind(e.Key))
        {
            case TimerKind.Transaction:
                context.Transactions.OnTimer(owner, e.Timer);
                break;
            case TimerKind.Leg:
                context.Legs.ByKey(owner)?.OnTimer(e.Timer);
                break;
            case TimerKind.Connection:
                context.Transport.OnTimer(owner);
                break;
            case TimerKind.Ping:
                context.Pings.OnTimer();
                break;
            case TimerKind.Gateway:
                context.Gateways.OnTimer(owner, e.Timer);
                break;
            case TimerKind.Subscription:
                context.Subscriptions.OnTimer(owner, e.Timer);
                break;
            case TimerKind.Chat:
                context.Chat.OnTimer(owner);
                break;
            case TimerKind.None or TimerKind.Lookup:
            default:
                break;
        }
    }
}
