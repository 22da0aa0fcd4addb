using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Events;

/// <content>What requests say and what goes out.</content>
internal sealed partial class SubscriptionTable
{
    private static TimeSpan IntervalOf(EventPackage package) => package == EventPackage.Dialog ? TimeSpan.FromMilliseconds(500) : TimeSpan.FromSeconds(5);

    private static bool Accepts(SipMessage request, EventPackage package)
    {
        if (!request.Has(HeaderName.Accept))
        {
            return true;
        }

        for (var i = request.First(HeaderName.Accept); i >= 0; i = request.Field(i).Next)
        {
            var values = new ValueReader(request.At(request.Field(i).Value));
            while (values.TryNext(out var value))
            {
                if (SdpBody.Is(value, TypeOf(package)) || SdpBody.Is(value, "*/*"u8) || SdpBody.Is(value, "application/*"u8))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static ReadOnlySpan<byte> TypeOf(EventPackage package)
    {
        switch (package)
        {
            case EventPackage.Dialog: return "application/dialog-info+xml"u8;
            case EventPackage.MessageSummary: return "application/simple-message-summary"u8;
            case EventPackage.Presence:
            default: return "application/pidf+xml"u8;
        }
    }

    private static ReadOnlySpan<byte> NameOf(EventPackage package)
    {
        switch (package)
        {
            case EventPackage.Dialog: return "dialog"u8;
            case EventPackage.MessageSummary: return "message-summary"u8;
            case EventPackage.Presence:
            default: return "presence"u8;
        }
    }

    private string DomainOf(in SipUri uri, in Flow flow) =>
        uri.TryAddress(out var address) && (address.Equals(Security.AccessList.Plain(flow.Local.Address)) || address.Equals(context.OptionsOf(flow).AdvertisedAddress))
            ? context.Host.Directory.Domain
            : SipText.Decode(uri.Host);

    private bool TryExpires(SipMessage request, in Flow flow, out long expires)
    {
        expires = 3600;
        if (request.Has(HeaderName.Expires) && !SipText.TryNumber(request.Value(HeaderName.Expires), uint.MaxValue, out expires))
        {
            context.Core.Reply(request, flow, 400, "Malformed Expires");
            return false;
        }

        if (expires is > 0 and < MinExpires)
        {
            context.Core.Reply(request, flow, 423, extra: context.Block.Clear().Header("Min-Expires"u8, MinExpires).ToArray());
            return false;
        }

        expires = Math.Min(expires, MaxExpires);
        return true;
    }

    private void Reply(SipMessage request, in Flow flow, Subscription subscription, long expires, byte[] tag)
    {
        var block = context.Block.Clear().Header("Expires"u8, expires).Raw("Contact: "u8);
        context.WriteContact(block, subscription.ContactUser, flow);
        context.Core.Reply(request, flow, 200, extra: block.Line().ToArray(), tag: tag);
    }

    private void Notify(Subscription subscription, string? end)
    {
        subscription.IsDirty = false;
        subscription.LastNotify = context.Host.Now;
        var dialog = subscription.Dialog;
        dialog.LocalCSeq++;
        var body = BodyOf(subscription);
        var block = context.Block.Clear().Raw("Event: "u8).Raw(NameOf(subscription.Package));
        if (subscription.EventId.Length > 0)
        {
            block.Raw(";id="u8).Value(subscription.EventId);
        }

        block.Line().Raw("Subscription-State: "u8);
        if (end is null)
        {
            block.Raw("active;expires="u8).Number((long)Math.Max(0, (subscription.Expires - context.Host.Now).TotalSeconds)).Line();
        }
        else
        {
            block.Raw("terminated;reason="u8).Value(end).Line();
        }

        block.Raw("Allow-Events: presence, dialog, message-summary, refer\r\n"u8);
        var extra = block.ToArray();
        var uri = dialog.Route(context.Block, out var routes);
        context.Transactions.Start(
            new ClientRequest
            {
                Method = SipMethod.Notify,
                Purpose = RequestPurpose.Event,
                RequestUri = uri,
                Routes = routes,
                From = dialog.Local,
                To = dialog.Remote,
                CallId = dialog.CallId,
                CSeq = dialog.LocalCSeq,
                Branch = context.NewBranch(),
                ContactUser = subscription.ContactUser,
                Extra = extra,
                ContentType = System.Text.Encoding.ASCII.GetString(TypeOf(subscription.Package)),
                Body = body,
                Tag = subscription.Key,
            },
            DialogRoute.FlowTo(context, dialog, subscription.Profile),
            leg: null);
    }

    private byte[] BodyOf(Subscription subscription)
    {
        var entity = subscription.Number + "@" + subscription.Domain;
        switch (subscription.Package)
        {
            case EventPackage.Dialog:
                return EventBodies.Dialogs(entity, subscription.Version++, subscription.Domain, State.CallsOf(subscription.Number).Select(c => (c, AttributesOf(c))));
            case EventPackage.MessageSummary:
                var (waiting, counts) = State.MessagesOf(subscription.Number);
                return EventBodies.Messages(entity, waiting, counts);
            case EventPackage.Presence:
            default:
                var isRegistered = context.Host.Directory.FindUser(subscription.Number, subscription.Domain) is { } user && context.Host.Directory.Registrations(user).Count > 0;
                var isBusy = State.CallsOf(subscription.Number).Count > 0;
                var said = context.Publications.Find(subscription.Number);
                return EventBodies.Presence(entity, said?.IsOpen ?? isRegistered, isBusy, isBusy ? "On the phone" : said?.Note ?? (isRegistered ? "Available" : "Offline"));
        }
    }

    /// <summary>The identifiers by which a call can be picked up (RFC 4235 §4.1.2), as the user's own phone has them.</summary>
    private string AttributesOf(UserCall call)
    {
        if (!Guid.TryParse(call.Id, out var id) || context.Legs.ById(new LegId(id)) is not { Dialog: { } dialog })
        {
            return "";
        }

        return $" call-id=\"{EventBodies.Escape(SipText.Decode(dialog.CallId))}\" local-tag=\"{EventBodies.Escape(SipText.Decode(dialog.RemoteTag))}\" remote-tag=\"{EventBodies.Escape(SipText.Decode(dialog.LocalTag))}\"";
    }
}
