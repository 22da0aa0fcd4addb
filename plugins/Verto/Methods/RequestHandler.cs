using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.Methods;

/// <summary>Takes the messages of clients: reads them, lets in who is logged in, and hands each to its method.</summary>
internal sealed class RequestHandler(VertoContext context)
{
    private readonly CallMethods _calls = new(context);
    private readonly InfoMethod _info = new(context);
    private readonly ModifyMethod _modify = new(context);
    private readonly ChannelMethods _channels = new(context);
    private readonly ApiMethods _api = new(context);
    private readonly SpeedTests _speed = new(context);

    public SpeedTests Speed => _speed;

    public void OnData(in TransportEvent e)
    {
        if (context.Sessions.Find(e.Connection) is not { IsClosing: false } session)
        {
            return;
        }

        session.LastReceived = context.Now;
        context.Host.Count("messages_in");
        if (!e.Data.IsEmpty && e.Data.Span[0] == '#')
        {
            if (session.IsAuthenticated)
            {
                _speed.OnLine(session, e.Data.Span);
            }
            else
            {
                context.Host.Count("speed_tests_refused");
                context.Sessions.Close(session);
            }

            return;
        }

        session.SpeedTest = session.SpeedTest is { IsUpload: true } ? null : session.SpeedTest;
        context.TraceMessage(session, "recv", e.Data.Span);
        if (!JsonRpc.TryParse(e.Data, out var document))
        {
            context.Host.Count("messages_unreadable");
            var slot = context.Replies.Open(session, 1, isBatch: false);
            slot.Parts[0] = JsonRpc.Error("null"u8.ToArray(), null, JsonRpc.InvalidRequest, "Invalid Request", null);
            context.Replies.Flush(session);
            return;
        }

        using (document)
        {
            OnDocument(session, document.RootElement);
        }

        // The answer to a login that ends the socket goes out before it is closed.
        context.Replies.Flush(session);
    }

    private void OnDocument(VertoSession session, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Array)
        {
            if (!IsResponse(root))
            {
                Handle(new RpcCall(session, context.Replies.Open(session, 1, isBatch: false), 0, root), root);
            }

            return;
        }

        var requests = root.EnumerateArray().Where(r => !IsResponse(r)).Take(JsonRpc.MaxBatch + 1).ToList();
        if (requests.Count > JsonRpc.MaxBatch || root.GetArrayLength() == 0)
        {
            var refused = context.Replies.Open(session, 1, isBatch: false);
            refused.Parts[0] = JsonRpc.Error("null"u8.ToArray(), null, JsonRpc.InvalidRequest, "Invalid Request", null);
            return;
        }

        if (requests.Count > 0)
        {
            var slot = context.Replies.Open(session, requests.Count, isBatch: true);
            for (var i = 0; i < requests.Count; i++)
            {
                Handle(new RpcCall(session, slot, i, requests[i]), requests[i]);
            }
        }
    }

    /// <summary>Whether a message answers one of our requests: it needs no answer, and its content is of no use.</summary>
    private static bool IsResponse(JsonElement message) =>
        message.Member("result").ValueKind != JsonValueKind.Undefined
        || (message.Member("error").ValueKind != JsonValueKind.Undefined && message.Member("method").ValueKind == JsonValueKind.Undefined);

    private void Handle(in RpcCall call, JsonElement message)
    {
        if (message.Text("jsonrpc") != "2.0")
        {
            call.Error(JsonRpc.InvalidRequest, "Invalid message");
            return;
        }

        var session = call.Session;
        if (session.IsClosing)
        {
            call.Error(JsonRpc.AuthenticationRequired, "Authentication Required");
            return;
        }

        if ((!session.IsAuthenticated || call.Method == "login") && !context.Login.TryLogin(call))
        {
            return;
        }

        if (call.Method is not ("login" or "Uas.Ping") && !session.Methods.Allows(call.Method))
        {
            call.Error(JsonRpc.MethodNotFound, "Invalid Method, Missing Method or Permission Denied");
            return;
        }

        Run(call);
    }

    private void Run(in RpcCall call)
    {
        switch (call.Method)
        {
            case "login":
                LoggedIn(call);
                break;
            case "Uas.Ping":
                // A keep-alive of other clients, which drop the socket when it is not known (XSwitch's library).
                call.Result(static w => w.WriteString("message"u8, "PONG"u8));
                break;
            case "echo":
                Echo(call);
                break;
            case "verto.ping":
                Ping(call);
                break;
            case "verto.invite":
                _calls.Invite(call);
                break;
            case "verto.answer":
                _calls.Answer(call);
                break;
            case "verto.bye":
                _calls.Bye(call);
                break;
            case "verto.attach":
                _calls.Attach(call);
                break;
            case "verto.info":
                _info.Handle(call);
                break;
            case "verto.modify":
                _modify.Handle(call);
                break;
            case "verto.subscribe":
                _channels.Subscribe(call);
                break;
            case "verto.unsubscribe":
                _channels.Unsubscribe(call);
                break;
            case "verto.broadcast":
                _channels.Broadcast(call);
                break;
            case "fsapi":
                _api.FsApi(call);
                break;
            case "jsapi":
                _api.JsApi(call);
                break;
            default:
                call.Error(JsonRpc.MethodNotFound, "Invalid Method, Missing Method or Permission Denied");
                break;
        }
    }

    private void LoggedIn(in RpcCall call)
    {
        var session = call.Session;
        var user = session.Number.Length == 0 ? null : context.Host.Directory.FindUser(session.Number, session.Domain);
        call.Result(w =>
        {
            w.WriteString("message"u8, "logged in"u8);
            if (session.Expires is { } expires)
            {
                w.WriteNumber("auth-expires"u8, expires.ToUnixTimeSeconds());
            }

            Flag(w, "moderator", "moderator");
            Flag(w, "stereoAudio", "stereo_audio");
            Flag(w, "superuser", "superuser");
        });

        void Flag(Utf8JsonWriter w, string member, string variable)
        {
            if (user?.Variables.GetValueOrDefault(variable) is "true" or "1" or "yes" or "on")
            {
                w.WriteBoolean(member, true);
            }
        }
    }

    private static void Echo(in RpcCall call)
    {
        if (!call.HasParams)
        {
            call.Error(JsonRpc.SessionError, "Params data missing");
            return;
        }

        var parameters = call.Params;
        call.Result(w =>
        {
            foreach (var member in parameters.EnumerateObject())
            {
                // The session id is put behind every result.
                if (!member.NameEquals("sessid"u8))
                {
                    member.WriteTo(w);
                }
            }
        });
    }

    private static void Ping(in RpcCall call)
    {
        var expires = call.Session.Expires;
        call.Result(w =>
        {
            w.WriteString("message"u8, "PONG"u8);
            if (expires is { } at)
            {
                w.WriteNumber("auth-expires"u8, at.ToUnixTimeSeconds());
            }
        });
    }
}
