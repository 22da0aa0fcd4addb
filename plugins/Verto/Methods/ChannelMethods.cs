using System.Text;
using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Channels;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.Methods;

/// <summary><c>verto.subscribe</c>, <c>verto.unsubscribe</c>, <c>verto.broadcast</c>.</summary>
internal sealed class ChannelMethods(VertoContext context)
{
    private const int MaxChannels = 256;

    public void Subscribe(in RpcCall call)
    {
        var session = call.Session;
        List<string> subscribed = [], already = [], refused = [];
        foreach (var channel in Channels(call.Params))
        {
            if (!context.Channels.Allows(session, channel))
            {
                refused.Add(channel);
            }
            else if (context.Channels.Subscribe(session, channel))
            {
                subscribed.Add(channel);
            }
            else
            {
                already.Add(channel);
            }
        }

        if (subscribed.Count + already.Count == 0)
        {
            call.Error(null, null, w => List(w, "unauthorizedChannels", refused));
            return;
        }

        call.Result(w =>
        {
            List(w, "subscribedChannels", subscribed);
            ListUnlessEmpty(w, "alreadySubscribedChannels", already);
            ListUnlessEmpty(w, "unauthorizedChannels", refused);
        });
    }

    public void Unsubscribe(in RpcCall call)
    {
        List<string> done = [], not = [];
        foreach (var channel in Channels(call.Params))
        {
            (context.Channels.Unsubscribe(call.Session, channel) ? done : not).Add(channel);
        }

        if (done.Count == 0)
        {
            call.Error(null, null, w => List(w, "notSubscribedChannels", not));
            return;
        }

        call.Result(w =>
        {
            List(w, "unsubscribedChannels", done);
            ListUnlessEmpty(w, "notSubscribedChannels", not);
        });
    }

    /// <summary>Says something on a channel. Failures are results here (§4.9).</summary>
    public void Broadcast(in RpcCall call)
    {
        var session = call.Session;
        var channel = call.Params.Text("eventChannel") ?? "";
        if (channel.Length is 0 or > VertoChannels.MaxName)
        {
            Failed(call, "eventChannel not specified.");
            return;
        }

        if (!context.Channels.Allows(session, channel))
        {
            Failed(call, "Permission Denied.");
            return;
        }

        var body = Compose(session, call.Params);
        if (call.Params.IsTrue("localBroadcast"))
        {
            context.Channels.Deliver(channel, w => Copy(w, body));
        }
        else
        {
            context.Host.Publish(new PluginEvent(
                "CUSTOM",
                VertoChannels.Request,
                [new("Event-Channel", channel), new("verto_userid", session.UserId), new("verto_sessid", session.Id)],
                Encoding.UTF8.GetString(body)));
        }

        call.Result();
    }

    private static void Failed(in RpcCall call, string message) => call.Result(w =>
    {
        w.WriteString("message"u8, message);
        w.WriteNumber("code"u8, JsonRpc.SessionError);
    });

    /// <summary>The params with who says it; what the client says of itself is dropped.</summary>
    private byte[] Compose(VertoSession session, JsonElement parameters)
    {
        var display = session.DisplayName.Length > 0 ? session.DisplayName : context.Legs.OfSession(session.Id).FirstOrDefault()?.CallerName ?? "";
        return JsonRpc.Write(w =>
        {
            w.WriteStartObject();
            foreach (var member in parameters.EnumerateObject())
            {
                // A call's id at this place would make clients take the event for a message of that call.
                if (member.Name is not ("userid" or "sessid" or "fromDisplay" or "callID" or "eventSerno" or "subscribedChannel" or "echoParams"))
                {
                    member.WriteTo(w);
                }
            }

            w.WriteString("userid"u8, session.UserId);
            w.WriteString("sessid"u8, session.Id);
            if (display.Length > 0)
            {
                w.WriteString("fromDisplay"u8, display);
            }

            w.WriteEndObject();
        });
    }

    private static void Copy(Utf8JsonWriter w, byte[] body)
    {
        using var document = JsonDocument.Parse(body);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            member.WriteTo(w);
        }
    }

    private static IEnumerable<string> Channels(JsonElement parameters)
    {
        var channels = parameters.Member("eventChannel");
        IEnumerable<string?> names = channels.ValueKind == JsonValueKind.Array
            ? channels.EnumerateArray().Take(MaxChannels).Where(c => c.ValueKind == JsonValueKind.String).Select(c => c.GetString())
            : [parameters.Text("eventChannel")];
        return names.Where(n => n is { Length: > 0 and <= VertoChannels.MaxName }).Select(n => n!).Distinct();
    }

    private static void ListUnlessEmpty(Utf8JsonWriter w, string name, List<string> channels)
    {
        if (channels.Count > 0)
        {
            List(w, name, channels);
        }
    }

    private static void List(Utf8JsonWriter w, string name, List<string> channels)
    {
        w.WriteStartArray(name);
        foreach (var channel in channels)
        {
            w.WriteStringValue(channel);
        }

        w.WriteEndArray();
    }
}
