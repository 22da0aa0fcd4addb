using System.Net;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Gateways;

/// <content>REGISTER and OPTIONS on their way.</content>
internal sealed partial class Gateway
{
    private int ExpiryOf(SipMessage response)
    {
        var wanted = Math.Max(Options.ExpireSeconds, _minExpires);
        for (var i = response.First(HeaderName.Contact); i >= 0; i = response.Field(i).Next)
        {
            var values = new ValueReader(response.At(response.Field(i).Value));
            while (values.TryNext(out var value))
            {
                if (NameAddress.TryParse(value, out var contact) && SipUri.TryParse(contact.Uri, out var uri) && SipText.DecodeUser(uri.User) == ContactUser
                    && SipText.TryNumber(contact.Parameter("expires"u8), 604_800, out var own) && own > 0)
                {
                    return (int)own;
                }
            }
        }

        return SipText.TryNumber(response.Value(HeaderName.Expires), 604_800, out var all) && all > 0 ? (int)all : wanted;
    }

    private bool TryNextWay() => ++_way < _ways.Count;

    private void Locate()
    {
        if (_isLocating || !SipUri.TryParse(Options.ProxyUri(), out var uri) || !Hop.TryRead(uri, out var hop))
        {
            return;
        }

        if (hop.Address is { } address)
        {
            var transport = hop.Transport ?? TransportKind.Udp;
            OnLocated([new Way(transport, new IPEndPoint(address, hop.Port == 0 ? Hop.DefaultPort(transport) : hop.Port), hop.Host)]);
            return;
        }

        _isLocating = true;
        context.Locator.Find(TimerKind.Gateway, Id, hop, Options.Profile);
    }

    private void SendRegister(byte[] credentials, int authTries)
    {
        if (!TryFlow(out var flow))
        {
            Fail(0);
            Arm();
            return;
        }

        var block = context.Block;
        var aor = block.Clear().Raw("<sip:"u8).User(Options.FromUser).Raw("@"u8).Value(Options.FromDomain).Raw(">"u8).ToArray();
        var from = block.Clear().Raw(aor).Raw(";tag="u8).Raw(_tag).ToArray();
        var uri = block.Clear().Raw("sip:"u8).Value(Options.Realm).ToArray();
        var extra = block.Clear().Raw("Expires: "u8).Number(_isUnregistering ? 0 : Math.Max(Options.ExpireSeconds, _minExpires))
            .Raw("\r\nAllow: "u8).Raw(SipMethods.Allow).Raw("\r\nSupported: timer, path\r\n"u8).ToArray();
        context.Transactions.Start(
            new ClientRequest
            {
                Method = SipMethod.Register,
                Purpose = RequestPurpose.Register,
                RequestUri = uri,
                From = from,
                To = aor,
                CallId = _callId,
                CSeq = ++_cseq,
                Branch = context.NewBranch(),
                ContactUser = ContactUser,
                Extra = extra,
                Credentials = credentials,
                AuthTries = authTries,
                Tag = Options.Name,
            },
            flow,
            leg: null);
    }

    private void SendPing()
    {
        if (!TryFlow(out var flow))
        {
            SetUp(false);
            return;
        }

        var block = context.Block;
        var us = block.Clear().Raw("<sip:"u8).User(Options.FromUser).Raw(Options.FromUser.Length > 0 ? "@"u8 : default).Value(Options.FromDomain).Raw(">;tag="u8).Raw(context.NewTag()).ToArray();
        var uri = block.Clear().Raw("sip:"u8).Value(Options.Realm).ToArray();
        context.Transactions.Start(
            new ClientRequest
            {
                Method = SipMethod.Options,
                Purpose = RequestPurpose.GatewayPing,
                RequestUri = uri,
                From = us,
                To = block.Clear().Raw("<"u8).Raw(uri).Raw(">"u8).ToArray(),
                CallId = context.NewCallId(),
                CSeq = 1,
                Branch = context.NewBranch(),
                ContactUser = ContactUser,
                Tag = Options.Name,
            },
            flow,
            leg: null);
    }

    /// <summary>The way to the first server that can be reached.</summary>
    public bool TryFlow(out Flow flow)
    {
        for (; _way < _ways.Count; _way++)
        {
            if (context.Transport.TryReach(Options.Profile, _ways[_way], null, out flow))
            {
                return true;
            }
        }

        _way = 0;
        flow = default;
        return false;
    }

    /// <summary>The number in front of a comment or parameters, as in Retry-After.</summary>
    private static ReadOnlySpan<byte> Leading(ReadOnlySpan<byte> value)
    {
        var end = value.IndexOfAny((byte)' ', (byte)';', (byte)'(');
        return end < 0 ? value : value[..end];
    }
}
