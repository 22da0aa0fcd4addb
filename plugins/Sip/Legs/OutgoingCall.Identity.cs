using System.Net;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Legs;

// Who calls, as the called party is told: RFC 3261 §8.1.1.3, RFC 3323, RFC 3325, RFC 3892.
internal sealed partial class OutgoingCall
{
    private void WriteIdentity(SipContext context, LegCommand.Originate command, CallVariables variables)
    {
        var block = context.Block;
        var number = command.CallerNumber;
        var name = command.CallerName;
        var privacy = variables["origination_privacy"] is { Length: > 0 } stated ? stated : variables["privacy"];
        var hidesNumber = privacy.Contains("number", StringComparison.OrdinalIgnoreCase) || privacy.Contains("full", StringComparison.OrdinalIgnoreCase)
            || privacy is "yes" or "true" || privacy.Contains("id", StringComparison.OrdinalIgnoreCase);
        ContactUser = Gateway.Length > 0 ? "gw+" + Gateway : variables["sip_contact_user"] is { Length: > 0 } contact ? contact : hidesNumber || number.Length == 0 ? "anonymous" : number;
        block.Clear();
        var gateway = context.Gateways.Find(Gateway)?.Options;
        var domain = gateway is not null ? gateway.FromDomain : variables["sip_invite_domain"] is { Length: > 0 } invite ? invite : UserNumber.Length > 0 ? context.Host.Directory.Domain : "";
        if (hidesNumber)
        {
            block.Raw("\"Anonymous\" <sip:anonymous@anonymous.invalid>"u8);
        }
        else
        {
            if (name.Length > 0)
            {
                block.Quoted(name).Raw(" "u8);
            }

            var given = variables["sip_from_uri"].Trim().Trim('<', '>');
            if (gateway is { CallerIdInFrom: false, FromUser.Length: > 0 })
            {
                block.Raw("<sip:"u8).User(gateway.FromUser).Raw("@"u8).Value(domain).Raw(">"u8);
            }
            else if (given.Length > 0 && SipUri.TryParse(Encoding.UTF8.GetBytes(given), out _))
            {
                block.Raw("<"u8).Value(given).Raw(">"u8);
            }
            else
            {
                block.Raw("<sip:"u8).User(number.Length > 0 ? number : "anonymous").Raw("@"u8);
                WriteDomain(context, block, domain);
                block.Raw(">"u8);
            }
        }

        From = block.Raw(";tag="u8).Raw(LocalTag).ToArray();
        block.Clear();
        if (hidesNumber)
        {
            block.Raw("Privacy: id\r\n"u8);
        }

        var type = variables["sip_cid_type"] is { Length: > 0 } own ? own : gateway is { CallerIdType.Length: > 0 } ? gateway.CallerIdType : context.Options.Of(Profile).CallerIdType;
        if (type is "pid" or "rpid" && number.Length > 0)
        {
            block.Raw(type == "pid" ? "P-Asserted-Identity: "u8 : "Remote-Party-ID: "u8).Quoted(name).Raw(" <sip:"u8).User(number).Raw("@"u8);
            WriteDomain(context, block, domain);
            block.Raw(">"u8).Raw(type == "pid" ? default : hidesNumber ? ";party=calling;screen=yes;privacy=full"u8 : ";party=calling;screen=yes;privacy=off"u8).Line();
        }

        if (UserNumber.Length > 0 && variables["sip_referred_by"] is { Length: > 0 } by && SipUri.TryParse(Encoding.UTF8.GetBytes(by.Trim().Trim('<', '>')), out _))
        {
            // Only our own users are told who sent the call to them (RFC 3892 §6).
            block.Raw("Referred-By: <"u8).Value(by.Trim().Trim('<', '>')).Raw(">\r\n"u8);
        }

        variables.WriteHeaders(block);
        Headers = block.ToArray();
    }

    private void WriteDomain(SipContext context, SipWriter block, string domain)
    {
        if (domain.Length > 0)
        {
            block.Value(domain);
        }
        else if (!Flow.IsEmpty)
        {
            context.WriteSentBy(block, Flow);
        }
        else
        {
            block.Value(context.Host.Directory.Domain);
        }
    }

    /// <summary>The address of the media that we offer: where it goes out, signalling to the same peer does too.</summary>
    private static IPAddress? ConnectionAddress(string? sdp)
    {
        var at = sdp?.IndexOf("c=IN IP", StringComparison.Ordinal) ?? -1;
        if (at < 0)
        {
            return null;
        }

        var rest = sdp.AsSpan(at + 9);
        var end = rest.IndexOfAny('\r', '\n', '/');
        return IPAddress.TryParse(end < 0 ? rest : rest[..end], out var address) && !address.Equals(IPAddress.Any) ? address : null;
    }
}
