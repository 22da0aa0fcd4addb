using System.Text;
using System.Xml;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.State;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Events;

/// <summary>What users publish of themselves (RFC 3903): one document each, by its entity tag.</summary>
internal sealed class Publications(SipContext context)
{
    private const int MaxDocument = 32 * 1024;
    private const int MaxDepth = 32;
    private const int MinExpires = 60;
    private readonly Dictionary<string, Publication> _byUser = new(StringComparer.Ordinal);

    public int Count => _byUser.Count;

    /// <summary>What a user says, or null.</summary>
    public (bool IsOpen, string Note)? Find(string number) =>
        _byUser.TryGetValue(number, out var found) && found.Expires > context.Host.Now ? (found.IsOpen, found.Note) : null;

    public void OnPublish(SipMessage request, in Flow flow, DirectoryUser? user)
    {
        if (!SubscriptionTable.TryPackage(request, out var package, out _) || package != EventPackage.Presence)
        {
            context.Core.Reply(request, flow, 489, extra: SubscriptionTable.AllowEventsLine);
            return;
        }

        if (user is null || !SipUri.TryParse(request.RequestUri, out var uri) || SipText.DecodeUser(uri.User) != user.Number)
        {
            context.Core.Reply(request, flow, 403);
            return;
        }

        var expires = 3600L;
        if (request.Has(HeaderName.Expires) && !SipText.TryNumber(request.Value(HeaderName.Expires), uint.MaxValue, out expires))
        {
            context.Core.Reply(request, flow, 400, "Malformed Expires");
            return;
        }

        if (expires is > 0 and < MinExpires)
        {
            context.Core.Reply(request, flow, 423, extra: context.Block.Clear().Header("Min-Expires"u8, MinExpires).ToArray());
            return;
        }

        expires = Math.Min(expires, 7200);
        var match = SipText.Decode(request.Other("SIP-If-Match"u8));
        var known = _byUser.TryGetValue(user.Number, out var old) && old.Expires > context.Host.Now ? old : null;
        if (match.Length > 0 && known?.Tag != match)
        {
            context.Core.Reply(request, flow, 412, "Conditional Request Failed");
            return;
        }

        var (isOpen, note) = (known?.IsOpen ?? true, known?.Note ?? "");
        if (request.Body.IsEmpty)
        {
            if (match.Length == 0)
            {
                context.Core.Reply(request, flow, 400, "Nothing to publish");
                return;
            }
        }
        else if (!SdpBody.Is(request.Value(HeaderName.ContentType), "application/pidf+xml"u8))
        {
            context.Core.Reply(request, flow, 415, extra: "Accept: application/pidf+xml\r\n"u8.ToArray());
            return;
        }
        else if (!TryRead(request.Body, out isOpen, out note))
        {
            context.Host.Security("bad_document", flow.Remote, ("user", user.Number), ("method", "PUBLISH"));
            context.Core.Reply(request, flow, 400, "Malformed document");
            return;
        }

        var tag = Encoding.ASCII.GetString(context.NewTag());
        if (expires == 0)
        {
            _byUser.Remove(user.Number);
        }
        else
        {
            _byUser[user.Number] = new Publication(tag, context.Host.Now + TimeSpan.FromSeconds(expires), isOpen, note);
        }

        context.Core.Reply(request, flow, 200, extra: context.Block.Clear().Header("SIP-ETag"u8, tag).Header("Expires"u8, expires).ToArray());
        context.Subscriptions.Changed(user.Number, EventPackage.Presence);
    }

    /// <summary>Reads a PIDF document (RFC 3863). Document types and deep nesting are refused whole (S-15).</summary>
    internal static bool TryRead(ReadOnlySpan<byte> body, out bool isOpen, out string note)
    {
        isOpen = false;
        note = "";
        if (body.Length > MaxDocument)
        {
            return false;
        }

        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxDocument, IgnoreComments = true, IgnoreProcessingInstructions = true };
        try
        {
            // As text: over bytes the reader believes what the declaration says of their encoding, and breaks on some that lie.
            using var text = new StringReader(Encoding.UTF8.GetString(body));
            using var reader = XmlReader.Create(text, settings);
            var isPresence = false;
            var element = "";
            while (reader.Read())
            {
                if (reader.Depth > MaxDepth)
                {
                    return false;
                }

                if (reader.NodeType == XmlNodeType.Element)
                {
                    element = reader.LocalName;
                    isPresence |= reader.Depth == 0 && element == "presence";
                }
                else if (reader.NodeType == XmlNodeType.Text && element == "basic")
                {
                    isOpen = reader.Value.Trim() == "open";
                }
                else if (reader.NodeType == XmlNodeType.Text && element == "note" && note.Length == 0)
                {
                    note = reader.Value.Length > 256 ? reader.Value[..256] : reader.Value;
                }
            }

            return isPresence;
        }
        catch (XmlException)
        {
            return false;
        }
    }

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(_byUser.Count);
        foreach (var (number, one) in _byUser)
        {
            writer.WriteArrayHeader(5);
            writer.WriteText(number);
            writer.WriteText(one.Tag);
            writer.WriteTime(one.Expires);
            writer.Write(one.IsOpen);
            writer.WriteText(one.Note);
        }
    }

    public void Read(ref MessagePackReader reader, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var fields = new FieldReader(ref reader);
            var number = fields.Text(ref reader);
            _byUser[number] = new Publication(fields.Text(ref reader), fields.Time(ref reader), fields.Bool(ref reader), fields.Text(ref reader));
            fields.End(ref reader);
        }
    }

    private sealed record Publication(string Tag, DateTimeOffset Expires, bool IsOpen, string Note);
}
