using System.Globalization;
using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Legs;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.Methods;

/// <summary><c>verto.info</c>: digits, text messages, real-time text, commands.</summary>
internal sealed class InfoMethod(VertoContext context)
{
    private const int DefaultDigitMs = 250, MaxDigits = 256, MaxText = 64 * 1024;

    public void Handle(in RpcCall call)
    {
        if (!call.HasParams)
        {
            call.Error(JsonRpc.SessionError, "Params data missing");
            return;
        }

        var callId = call.Params.Member("dialogParams").Text("callID");
        var leg = callId is null ? null : context.Legs.Find(call.Session, callId);
        var isSent = false;
        if (leg is not null)
        {
            isSent = Digits(leg, call.Params.TextOrNumber("dtmf"));
            if (context.Options.RealTimeText && call.Params.Member("txt") is { ValueKind: JsonValueKind.Object } text)
            {
                RealTimeText(leg, text);
            }

            if (call.Params.Member("command") is { ValueKind: not JsonValueKind.Undefined } command && command.GetRawText() is { Length: <= MaxText } json)
            {
                context.Host.Calls.Post(new LegEvent.Message(leg.Id, "text/json", json));
                isSent = true;
            }
        }

        if (call.Params.Member("msg") is { ValueKind: JsonValueKind.Object } message)
        {
            Message(call, message, leg);
            return;
        }

        call.Result(w =>
        {
            if (isSent)
            {
                w.WriteString("message"u8, "SENT"u8);
            }
        });
    }

    /// <summary>The next digit's turn after a pause.</summary>
    public static void OnTimer(VertoContext context, VertoLeg leg)
    {
        while (leg.Digits.TryDequeue(out var next))
        {
            if (next.Digit == '\0')
            {
                context.Host.SetTimer(TimerKey.Make(TimerKind.Digits, leg.Key), TimeSpan.FromMilliseconds(next.DurationMs));
                return;
            }

            context.Host.Calls.Post(new LegEvent.Dtmf(leg.Id, next.Digit, next.DurationMs));
        }
    }

    /// <summary>Digits and pauses as <c>send_dtmf</c> has them: <c>12w3@100+45</c>.</summary>
    private bool Digits(VertoLeg leg, string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var wasIdle = leg.Digits.Count == 0;
        foreach (var part in text.Split('+'))
        {
            var at = part.IndexOf('@', StringComparison.Ordinal);
            var duration = at >= 0 && int.TryParse(part.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var ms) ? Math.Clamp(ms, 1, 10_000) : DefaultDigitMs;
            foreach (var c in at < 0 ? part : part[..at])
            {
                var next = c switch
                {
                    >= '0' and <= '9' or '*' or '#' or >= 'A' and <= 'D' => new PendingDigit(c, duration),
                    >= 'a' and <= 'd' => new PendingDigit(char.ToUpperInvariant(c), duration),
                    'w' => new PendingDigit('\0', 500),
                    'W' => new PendingDigit('\0', 1000),
                    _ => default,
                };
                if (next != default && leg.Digits.Count < MaxDigits)
                {
                    leg.Digits.Enqueue(next);
                }
            }
        }

        if (wasIdle && leg.Digits.Count > 0)
        {
            OnTimer(context, leg);
        }

        return true;
    }

    private void RealTimeText(VertoLeg leg, JsonElement text)
    {
        var chars = text.Int32("code") is { } code && code is > 0 and <= 0x10FFFF and not (>= 0xD800 and <= 0xDFFF) ? char.ConvertFromUtf32(code) : text.Text("chars");
        if (chars is { Length: > 0 and <= MaxText })
        {
            context.Host.Calls.Post(new LegEvent.Message(leg.Id, "text/t140", chars));
        }
    }

    private void Message(in RpcCall call, JsonElement message, VertoLeg? leg)
    {
        var to = Clean.Text(message.Text("to"), 512);
        var body = message.Text("body") ?? "";
        if (to.Length == 0 || body.Length == 0)
        {
            call.Error(null, "INVALID MESSAGE to and body params required");
            return;
        }

        if (body.Length > MaxText)
        {
            call.Error(JsonRpc.SessionError, "INVALID MESSAGE body is too long");
            return;
        }

        var session = call.Session;
        if (message.IsTrue("inDialog") && leg is not null)
        {
            context.Host.Calls.Post(new LegEvent.Message(leg.Id, "text/plain", body));
            call.Result(static w => w.WriteString("message"u8, "SENT"u8));
            return;
        }

        var key = context.Replies.Defer(call, ReplyKind.Message);
        if (key == 0)
        {
            call.Error(JsonRpc.SessionError, "TOO MANY MESSAGES");
            return;
        }

        context.Host.Calls.Submit(TimerKey.Make(TimerKind.Reply, key), Compose(session, to, body, message));
    }

    /// <summary>The message as the chat plan sees it. Who it is from is what was authenticated, never what the client says.</summary>
    private TextMessage Compose(VertoSession session, string to, string body, JsonElement message)
    {
        List<KeyValuePair<string, string>> headers =
        [
            new("from_full", session.UserId),
            new("verto_profile", context.ProfileOf(session.Listener)),
            new("verto_jsock_uuid", session.Id),
            new("context", context.Host.Directory.FindUser(session.Number, session.Domain)?.Context ?? "default"),
        ];
        foreach (var member in message.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.String && headers.Count < 32 && Clean.IsName(member.Name)
                && (member.Name.StartsWith("from_", StringComparison.Ordinal) || member.Name.StartsWith("to_", StringComparison.Ordinal))
                && member.Name is not ("from_user" or "from_host" or "from_full" or "to_user" or "to_host"))
            {
                headers.Add(new(member.Name, Clean.Text(member.Value.GetString(), 1024)));
            }
        }

        var plus = to.IndexOf('+', StringComparison.Ordinal);
        if (plus > 0)
        {
            headers.Add(new("dest_proto", to[..plus]));
            to = to[(plus + 1)..];
        }

        return new TextMessage(session.UserId, to.Contains('@', StringComparison.Ordinal) ? to : to + "@" + session.Domain, "text/plain", body)
        {
            FromName = session.DisplayName,
            Protocol = "verto",
            Headers = headers,
        };
    }
}
