using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Verto.Sessions;

/// <summary>Text messages to clients (server <c>verto.info</c>) and what became of those that clients sent.</summary>
internal sealed class TextMessages(VertoContext context)
{
    /// <summary>A message is to be delivered to a socket.</summary>
    public void Deliver(in TransportEvent e)
    {
        if (e.Message is not { } message || e.Target is not { } target)
        {
            return;
        }

        var sessions = Sessions(target);
        foreach (var session in sessions)
        {
            context.Request(session, "verto.info", w =>
            {
                w.WriteStartObject("msg"u8);
                w.WriteString("from"u8, message.From);
                w.WriteString("to"u8, message.To);
                if (message.FromName.Length > 0 && !message.Headers.Any(h => h.Key == "from_msg_name"))
                {
                    w.WriteString("from_msg_name"u8, message.FromName);
                }

                foreach (var (name, value) in message.Headers)
                {
                    if (name.StartsWith("from_", StringComparison.Ordinal) || name.StartsWith("to_", StringComparison.Ordinal))
                    {
                        w.WriteString(name, value);
                    }
                }

                w.WriteString("body"u8, message.Text);
                w.WriteEndObject();
            });
        }

        context.Host.Count("texts_out", sessions.Count);
        context.Host.CompleteMessage(e.Key, sessions.Count > 0 ? 200 : 480, sessions.Count > 0 ? "OK" : "user is not logged in");
    }

    /// <summary>What became of a message of a client.</summary>
    public void OnResult(PendingReply reply, int status, string reason)
    {
        if (status is >= 200 and < 300)
        {
            context.Replies.Complete(reply, static w => w.WriteString("message"u8, "SENT"u8));
            return;
        }

        context.Replies.Fail(reply, JsonRpc.SessionError, "MESSAGE NOT SENT", w =>
        {
            w.WriteNumber("status"u8, status);
            w.WriteString("reason"u8, reason);
        });
    }

    private IReadOnlyList<VertoSession> Sessions(DialTarget target)
    {
        if (target.Binding is { } binding)
        {
            return context.Sessions.Find(binding.Contact) is { IsClosing: false } bound && bound.Number == binding.Number ? [bound] : [];
        }

        if (target.Address.StartsWith("u:", StringComparison.Ordinal))
        {
            return context.Sessions.Find(target.Address[2..]) is { IsClosing: false } named ? [named] : [];
        }

        var at = target.Address.IndexOf('@', StringComparison.Ordinal);
        return at < 0 ? [] : [.. context.Sessions.OfUser(target.Address[..at], target.Address[(at + 1)..])];
    }
}
