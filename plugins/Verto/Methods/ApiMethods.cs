using System.Text;
using System.Text.Json;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.Methods;

/// <summary><c>fsapi</c> and <c>jsapi</c>: commands of the engine, as far as the user may use them.</summary>
internal sealed class ApiMethods(VertoContext context)
{
    private const int MaxCommand = 64, MaxArguments = 64 * 1024;

    /// <summary>Commands that run another one: both must be allowed.</summary>
    private static readonly string[] Wrappers = ["bgapi", "sched_api", "eval", "expand", "xml_wrap"];

    private static readonly string[] JsonCommands = ["status", "execute", "channelData", "mediaStats", "store"];

    public void FsApi(in RpcCall call) => RunApi(call, call.Params.Text("cmd") ?? "", call.Params.TextOrNumber("arg") ?? "");

    public void JsApi(in RpcCall call)
    {
        var command = call.Params.Text("command") ?? "";
        var data = call.Params.Member("data");
        if (!call.Session.JsApi.Allows(command) || data.ValueKind != JsonValueKind.Object)
        {
            Deny(call);
            return;
        }

        if (command == "fsapi")
        {
            RunApi(call, data.Text("cmd") ?? "", data.TextOrNumber("arg") ?? "");
            return;
        }

        if (!JsonCommands.Contains(command))
        {
            Deny(call);
            return;
        }

        var key = context.Replies.Defer(call, ReplyKind.ApiJson);
        if (key == 0)
        {
            Deny(call);
            return;
        }

        var session = call.Session;
        var request = JsonRpc.Write(w =>
        {
            w.WriteStartObject();
            w.WriteString("command"u8, command);
            w.WritePropertyName("data"u8);
            data.WriteTo(w);
            w.WriteStartObject("sockData"u8);
            w.WriteString("verto_id"u8, session.Number);
            w.WriteString("verto_domain"u8, session.Domain);
            w.WriteString("verto_user"u8, session.UserId);
            w.WriteString("presence_id"u8, session.UserId);
            w.WriteString("verto_client_address"u8, session.Remote.ToString());
            w.WriteString("chat_proto"u8, "verto"u8);
            w.WriteString("verto_host"u8, session.Domain);
            w.WriteString("caller-id-name"u8, session.DisplayName);
            w.WriteString("caller-id-number"u8, session.Number);
            w.WriteEndObject();
            w.WriteEndObject();
        });
        context.Host.RunApi(TimerKey.Make(TimerKind.Reply, key), "json", Encoding.UTF8.GetString(request));
    }

    private void RunApi(in RpcCall call, string command, string arguments)
    {
        if (command.Length is 0 or > MaxCommand || arguments.Length > MaxArguments || !Allows(call.Session.FsApi, command, arguments))
        {
            Deny(call);
            return;
        }

        var key = context.Replies.Defer(call, ReplyKind.Api);
        if (key == 0)
        {
            Deny(call);
            return;
        }

        context.Host.RunApi(TimerKey.Make(TimerKind.Reply, key), command, arguments);
    }

    /// <summary>The reply of a command.</summary>
    public static void OnResult(VertoContext context, PendingReply reply, string text)
    {
        if (reply.Kind == ReplyKind.Api)
        {
            var message = text.StartsWith("INVALID COMMAND!", StringComparison.Ordinal) ? "INVALID CALL" : text;
            context.Replies.Complete(reply, w => w.WriteString("message"u8, message));
            return;
        }

        if (JsonRpc.TryParse(Encoding.UTF8.GetBytes(text), out var document))
        {
            using (document)
            {
                if (document.RootElement.Text("error") is { } error)
                {
                    context.Replies.Fail(reply, JsonRpc.PermissionDenied, error, null);
                    return;
                }

                if (document.RootElement.ValueKind == JsonValueKind.Object)
                {
                    var root = document.RootElement;
                    context.Replies.Complete(reply, w =>
                    {
                        foreach (var member in root.EnumerateObject())
                        {
                            member.WriteTo(w);
                        }
                    });
                    return;
                }
            }
        }

        context.Replies.Fail(reply, JsonRpc.PermissionDenied, "Permission Denied", null);
    }

    /// <summary>A command within a command, within a variable or within another wrapper is looked at too.</summary>
    private static bool Allows(AllowList list, string command, string arguments)
    {
        for (var depth = 0; depth < 8; depth++)
        {
            if (!list.Allows(command))
            {
                return false;
            }

            if (list.Any || !Wrappers.Contains(command))
            {
                // Text that is expanded can run any command: ${system(…)}.
                return list.Any || !arguments.Contains("${", StringComparison.Ordinal);
            }

            var words = arguments.TrimStart().Split(' ', 2, StringSplitOptions.TrimEntries);
            if (command == "sched_api")
            {
                // sched_api <time> <group> <command> …
                var parts = arguments.Split(' ', 4, StringSplitOptions.RemoveEmptyEntries);
                words = parts.Length < 3 ? [""] : [.. parts.Skip(2)];
            }

            command = words[0];
            arguments = words.Length > 1 ? words[1] : "";
        }

        return false;
    }

    private static void Deny(in RpcCall call) => call.Error(JsonRpc.PermissionDenied, "Permission Denied");
}
