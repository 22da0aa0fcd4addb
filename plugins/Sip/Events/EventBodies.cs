using System.Globalization;
using System.Security;
using System.Text;

namespace XSwitchEngine.Plugins.Sip.Events;

/// <summary>Bodies of notifications: PIDF (RFC 3863, RFC 4480), dialog-info (RFC 4235) and message summaries (RFC 3842).</summary>
internal static class EventBodies
{
    public static byte[] Presence(string entity, bool isOpen, bool isBusy, string note)
    {
        var text = new StringBuilder();
        text.Append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"sip:")
            .Append(Escape(entity)).Append("\">\n  <tuple id=\"t1\">\n    <status><basic>").Append(isOpen ? "open" : "closed").Append("</basic></status>\n    <contact priority=\"1.0\">sip:")
            .Append(Escape(entity)).Append("</contact>\n");
        if (note.Length > 0)
        {
            text.Append("    <note>").Append(Escape(note)).Append("</note>\n");
        }

        text.Append("  </tuple>\n");
        if (isBusy)
        {
            text.Append("  <dm:person id=\"p1\"><rpid:activities><rpid:on-the-phone/></rpid:activities></dm:person>\n");
        }

        return Encoding.UTF8.GetBytes(text.Append("</presence>\n").ToString());
    }

    public static byte[] Dialogs(string entity, int version, string domain, IEnumerable<(UserCall Call, string DialogAttributes)> calls)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"<?xml version=\"1.0\"?>\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{version}\" state=\"full\" entity=\"sip:{Escape(entity)}\">\n");
        foreach (var (call, attributes) in calls)
        {
            var remote = Escape(call.RemoteNumber + "@" + domain);
            text.Append(CultureInfo.InvariantCulture, $"  <dialog id=\"{Escape(call.Id)}\" direction=\"{(call.IsCaller ? "initiator" : "recipient")}\"{attributes}>\n    <state>{call.State}</state>\n");
            text.Append(CultureInfo.InvariantCulture, $"    <local><identity>sip:{Escape(entity)}</identity><target uri=\"sip:{Escape(entity)}\"/></local>\n");
            text.Append("    <remote><identity");
            if (call.RemoteName.Length > 0)
            {
                text.Append(" display=\"").Append(Escape(call.RemoteName)).Append('"');
            }

            text.Append(CultureInfo.InvariantCulture, $">sip:{remote}</identity><target uri=\"sip:{remote}\"/></remote>\n  </dialog>\n");
        }

        return Encoding.UTF8.GetBytes(text.Append("</dialog-info>\n").ToString());
    }

    public static byte[] Messages(string account, bool waiting, string counts) =>
        Encoding.UTF8.GetBytes($"Messages-Waiting: {(waiting ? "yes" : "no")}\r\nMessage-Account: sip:{Plain(account)}\r\nVoice-Message: {Plain(counts)}\r\n");

    /// <summary>Text for an XML body: what XML cannot have is left out, the rest is escaped.</summary>
    public static string Escape(string text) => SecurityElement.Escape(Plain(text)) ?? "";

    private static string Plain(string text) => text.AsSpan().ContainsAnyInRange('\0', '\u001f') ? string.Concat(text.Where(c => !char.IsControl(c))) : text;
}
