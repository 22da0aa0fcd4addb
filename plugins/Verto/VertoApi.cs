using System.Globalization;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto;

/// <summary>The API commands <c>verto</c> and <c>verto_contact</c>, in the form that FreeSWITCH users know.</summary>
internal sealed class VertoApi(VertoContext context)
{
    private const string Rule = "=================================================================================================";

    private const string Usage = """
        USAGE:
        --------------------------------------------------------------------------------
        verto [status|xmlstatus|jsonstatus]
        verto trace on|off
        verto announce <words>
        verto perm|noperm <sessid> methods|jsapi|fsapi|event_channels <value>
        verto_contact <user>[@<domain>]
        --------------------------------------------------------------------------------

        """;

    public void Execute(long key, string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var reply = words switch
        {
            ["verto", "status"] => Status(),
            ["verto", "xmlstatus"] => XmlStatus(),
            ["verto", "jsonstatus"] => JsonStatus(),
            ["verto", "trace", "on" or "off"] => Trace(words[2] == "on"),
            ["verto", "announce", _, ..] => Announce(words[2..]),
            ["verto", "perm" or "noperm", var id, var what, var value] => Permit(words[1] == "perm", id, what, value),
            ["verto_contact", var user] => Contact(user),
            _ => Usage,
        };
        context.Host.CompleteApi(key, reply);
    }

    private IEnumerable<(string Name, IReadOnlyList<ListenerInfo> Listeners, IReadOnlyList<VertoSession> Clients)> Profiles() =>
        context.Listeners.GroupBy(l => l.Profile).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => (
            g.Key,
            (IReadOnlyList<ListenerInfo>)[.. g],
            (IReadOnlyList<VertoSession>)[.. context.Sessions.All.Where(s => context.ProfileOf(s.Listener) == g.Key).OrderBy(s => s.Connection.Value)]));

    private static string StateOf(VertoSession session) => session.Id.Length > 0 ? "CONN_REG" : "CONN_NO_REG";

    private static string KindOf(VertoSession session) => session.IsSecure ? "WSS" : "WS";

    private static string SchemeOf(ListenerInfo listener) => listener.Transport == TransportKind.Wss ? "wss" : "ws";

    private string Status()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{"Name",25}\t{"Type",7}\t{"Data",42}\tState\n{Rule}\n");
        var profiles = 0;
        var clients = 0;
        foreach (var (name, listeners, sessions) in Profiles())
        {
            profiles++;
            foreach (var listener in listeners)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name,25}\t{"profile",7}\t{SchemeOf(listener) + "://" + listener.Local,42}\tRUNNING\n");
            }

            foreach (var session in sessions)
            {
                clients++;
                text.Append(CultureInfo.InvariantCulture, $"{name + "::" + session.UserId,25}\t{"client",7}\t{session.Remote,42}\t{StateOf(session)} ({KindOf(session)})\n");
            }
        }

        return text.Append(CultureInfo.InvariantCulture, $"{Rule}\n{profiles} profile{(profiles == 1 ? "" : "s")} , {clients} client{(clients == 1 ? "" : "s")}\n").ToString();
    }

    private string XmlStatus()
    {
        var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<profiles>\n");
        foreach (var (name, listeners, sessions) in Profiles())
        {
            foreach (var listener in listeners)
            {
                text.Append("  <profile>\n");
                Element(text, 4, "name", name);
                Element(text, 4, "type", "profile");
                Element(text, 4, "data", SchemeOf(listener) + "://" + listener.Local);
                Element(text, 4, "state", "RUNNING");
                text.Append("  </profile>\n");
            }

            foreach (var session in sessions)
            {
                text.Append("  <client>\n");
                Element(text, 4, "name", name + "::" + session.UserId);
                Element(text, 4, "type", "client");
                Element(text, 4, "data", session.Remote.ToString());
                Element(text, 4, "state", StateOf(session) + " (" + KindOf(session) + ")");
                text.Append("  </client>\n");
            }
        }

        return text.Append("</profiles>\n").ToString();
    }

    private static void Element(StringBuilder text, int indent, string name, string value) =>
        text.Append(' ', indent).Append('<').Append(name).Append('>')
            .Append(value.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal))
            .Append("</").Append(name).Append(">\n");

    private string JsonStatus() => Encoding.UTF8.GetString(JsonRpc.Write(w =>
    {
        w.WriteStartObject();
        w.WriteStartArray("profiles"u8);
        foreach (var (name, listeners, sessions) in Profiles())
        {
            w.WriteStartObject();
            w.WriteString("name"u8, name);
            w.WriteString("id"u8, name);
            w.WriteString("type"u8, listeners.Any(l => l.Transport == TransportKind.Wss) ? "SECURE"u8 : "BASIC"u8);
            w.WriteString("state"u8, "RUNNING"u8);
            w.WriteStartArray("users"u8);
            foreach (var session in sessions)
            {
                w.WriteStartObject();
                w.WriteString("user"u8, session.Number);
                w.WriteString("domain"u8, session.Domain);
                w.WriteString("entity"u8, session.UserId);
                w.WriteString("type"u8, KindOf(session));
                w.WriteString("remoteHost"u8, session.Remote.ToString());
                w.WriteString("state"u8, StateOf(session));
                w.WriteEndObject();
            }

            w.WriteEndArray();
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteEndObject();
    }));

    private string Trace(bool on)
    {
        context.Trace = on;
        return on ? "Enabled verto message tracing\n" : "Disabled verto message tracing\n";
    }

    private string Announce(string[] words)
    {
        foreach (var session in context.Sessions.All.Where(s => s.Id.Length > 0 && !s.IsClosing))
        {
            context.Request(session, "verto.announce", w =>
            {
                w.WriteStartArray("msg"u8);
                foreach (var word in words)
                {
                    w.WriteStringValue(word);
                }

                w.WriteEndArray();
            });
        }

        return "+OK\n";
    }

    private string Permit(bool add, string id, string what, string value)
    {
        if (context.Sessions.Find(id) is not { } session)
        {
            return "-ERR no such session\n";
        }

        AllowList Changed(AllowList list) => add ? list.With(value) : list.Without(value);
        switch (what)
        {
            case "methods":
                session.Methods = Changed(session.Methods);
                break;
            case "jsapi":
                session.JsApi = Changed(session.JsApi);
                break;
            case "fsapi":
                session.FsApi = Changed(session.FsApi);
                break;
            case "event_channels":
                session.Channels = Changed(session.Channels);
                break;
            default:
                return "-ERR methods, jsapi, fsapi or event_channels\n";
        }

        return "+OK\n";
    }

    private string Contact(string address)
    {
        var at = address.IndexOf('@', StringComparison.Ordinal);
        var domain = at < 0 ? context.Host.Directory.Domain : address[(at + 1)..];
        var contacts = context.Host.Directory.FindUser(at < 0 ? address : address[..at], domain) is { } user
            ? context.Sessions.OfUser(user.Number, user.Domain).OrderBy(s => s.Connection.Value).Select(s => $"{VertoPlugin.Endpoint}/u:{s.Id}").ToList()
            : [];
        return contacts.Count == 0 ? "error/user_not_registered" : string.Join(',', contacts);
    }
}
