using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

// Digits by INFO, messages and display names within the dialog.
internal sealed partial class SipLeg
{
    private void OnInfo(SipMessage request, in Flow flow)
    {
        if (request.Body.IsEmpty)
        {
            _context.Core.Reply(request, flow, 200);
            return;
        }

        var type = request.Value(HeaderName.ContentType);
        if (SdpBody.Is(type, "application/media_control+xml"u8))
        {
            // Picture fast update (RFC 5168); anything else that the document may ask for is left alone.
            _context.Core.Reply(request, flow, 200);
            if (request.Body.IndexOf("picture_fast_update"u8) >= 0)
            {
                Post(new LegEvent.KeyFrameWanted(Id));
            }

            return;
        }

        var isRelay = SdpBody.Is(type, "application/dtmf-relay"u8);
        if (!isRelay && !SdpBody.Is(type, "application/dtmf"u8))
        {
            _context.Core.Reply(request, flow, 415, extra: "Accept: application/dtmf-relay, application/dtmf, application/media_control+xml\r\n"u8.ToArray());
            return;
        }

        if (!DtmfInfo.TryParse(request.Body, isRelay, out var digit, out var duration))
        {
            _context.Core.Reply(request, flow, 400, "Malformed digit");
            return;
        }

        _context.Core.Reply(request, flow, 200);
        if (digit != DtmfInfo.Flash)
        {
            Post(new LegEvent.Dtmf(Id, digit, duration));
        }
    }

    private void SendDtmf(char digit, int durationMs)
    {
        if (State == LegState.Confirmed && Dialog is { } dialog && DtmfInfo.IsDigit(digit))
        {
            var body = _context.Block.Clear().Raw("Signal="u8).Raw([(byte)digit]).Raw("\r\nDuration="u8).Number(Math.Clamp(durationMs, 1, 10_000)).Line().ToArray();
            SendInDialog(SipMethod.Info, RequestPurpose.Message, dialog, [], "application/dtmf-relay", body);
        }
    }

    /// <summary>Asks the peer for a whole picture (RFC 5168).</summary>
    private void SendKeyFrame()
    {
        if (State == LegState.Confirmed && Dialog is { } dialog)
        {
            SendInDialog(
                SipMethod.Info,
                RequestPurpose.Message,
                dialog,
                [],
                "application/media_control+xml",
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder></vc_primitive></media_control>"u8.ToArray());
        }
    }

    private void OnMessage(SipMessage request, in Flow flow)
    {
        _context.Core.Reply(request, flow, 200);
        if (!request.Body.IsEmpty)
        {
            var type = SipText.Decode(request.Value(HeaderName.ContentType));
            Post(new LegEvent.Message(Id, type.Length == 0 ? "text/plain" : type, Encoding.UTF8.GetString(request.Body)));
        }
    }

    private void SendMessage(string contentType, string text)
    {
        if (State == LegState.Confirmed && Dialog is { } dialog)
        {
            SendInDialog(SipMethod.Message, RequestPurpose.Message, dialog, [], contentType, Encoding.UTF8.GetBytes(text));
        }
    }

    /// <summary>Tells a peer that takes UPDATE whom it talks to (RFC 5876).</summary>
    private void SendDisplay(string name, string number)
    {
        if (State == LegState.Confirmed && Dialog is { } dialog && _peerUpdates)
        {
            var block = _context.Block.Clear().Raw("P-Asserted-Identity: "u8).Quoted(name).Raw(" <sip:"u8).User(number).Raw("@"u8).Value(_context.Host.Directory.Domain).Raw(">\r\n"u8);
            SendInDialog(SipMethod.Update, RequestPurpose.Message, dialog, block.ToArray());
        }
    }
}
