using System.Buffers;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip.Http;
using XSwitchEngine.Plugins.Whip.State;

namespace XSwitchEngine.Plugins.Whip;

/// <summary>WHIP (RFC 9725), WHEP, WHAP and WHXP: a call with one HTTP POST.</summary>
public sealed class WhipPlugin : IProtocolPlugin
{
    /// <summary>The scheme of channel names and dial strings.</summary>
    internal const string Endpoint = "whip";

    /// <summary>The profile of its routes.</summary>
    internal const string Profile = "whip";

    private WhipContext? _context;

    private WhipContext Context => _context ?? throw new InvalidOperationException("The plugin is not started");

    /// <summary>The parts, for tests.</summary>
    internal WhipContext Parts => Context;

    /// <inheritdoc/>
    public void Start(IPluginHost host, bool dryRun)
    {
        ArgumentNullException.ThrowIfNull(host);
        _context = new WhipContext(host);
    }

    /// <inheritdoc/>
    public void Import(in ReadOnlySequence<byte> state) => WhipState.Read(Context, state);

    /// <inheritdoc/>
    public void Export(IBufferWriter<byte> to) => WhipState.Write(Context, to);

    /// <inheritdoc/>
    public void OnEvent(in TransportEvent e)
    {
        var context = Context;
        switch (e.Kind)
        {
            case TransportEventKind.HttpRequest when e.Request is { } request:
                OnRequest(context, e, request);
                break;
            case TransportEventKind.HttpAborted:
                context.Sessions.ByExchange(e.Key)?.Aborted(e.Key);
                break;
            case TransportEventKind.HttpReplied:
                context.Clients.ByKey(e.Key)?.OnReply(e.Reply, e.Text ?? "");
                break;
            case TransportEventKind.Timer:
                context.Sessions.ByKey(e.Key)?.OnTimer();
                break;
            case TransportEventKind.Command when e.Command is LegCommand.Originate originate:
                context.Clients.Originate(originate);
                break;
            case TransportEventKind.Command when e.Command is { } command:
                context.Sessions.ByLeg(command.Leg)?.Execute(command);
                context.Clients.ByLeg(command.Leg)?.Execute(command);
                break;
            case TransportEventKind.ApiCommand:
                context.Host.CompleteApi(e.Key, Status(context));
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
            foreach (var session in context.Sessions.All.ToArray())
            {
                session.End(HangupCause.SystemShutdown, byPeer: false, 503, "the engine is stopping");
            }

            foreach (var client in context.Clients.All.ToArray())
            {
                client.Execute(new LegCommand.Hangup(client.Leg, HangupCause.SystemShutdown, 0, ""));
            }
        }

        _context = null;
    }

    private static void OnRequest(WhipContext context, in TransportEvent e, HttpRequest request)
    {
        var to = new Exchange(e.Key, request.Header("Origin") ?? "", $"{request.Scheme}://{request.Host}");
        var target = RequestTarget.Parse(request.Path, out var error);
        if (!context.Limiter.Allow(e.Remote!.Address, request.Method == "POST" && target.Kind == TargetKind.Endpoint, out var retryAfter))
        {
            context.Replies.TooMany(to, retryAfter, "too many requests");
        }
        else if (error is not null)
        {
            context.Replies.Problem(to, 400, error);
        }
        else if (target.Kind == TargetKind.Unknown)
        {
            context.Replies.Problem(to, 404, "there is nothing at this path");
        }
        else if (target.Kind is TargetKind.Session or TargetKind.Dtmf)
        {
            context.Requests.Handle(e, request, target, to);
        }
        else
        {
            context.Endpoint.Handle(e, request, target, to);
        }
    }

    /// <summary>One line a session, without its id: that is what protects it.</summary>
    private static string Status(WhipContext context)
    {
        var lines = context.Sessions.All.Select(s => $"{s.Leg},{s.Flavour.ToString().ToLowerInvariant()},{s.Destination},{s.Owner},{s.State.ToString().ToLowerInvariant()}\n");
        var clients = context.Clients.All.Select(c => $"{c.Leg},{c.Flavour.ToString().ToLowerInvariant()}-client,{c.Endpoint?.Host},,{c.State.ToString().ToLowerInvariant()}\n");
        return $"uuid,method,destination,user,state\n{string.Concat(lines)}{string.Concat(clients)}\n{context.Sessions.Count + context.Clients.Count} total.\n";
    }
}
