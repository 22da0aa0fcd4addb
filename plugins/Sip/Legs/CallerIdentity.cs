using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>Who calls besides From: P-Asserted-Identity, P-Preferred-Identity, Remote-Party-ID and Privacy (RFC 3323, RFC 3325).</summary>
/// <param name="Number">The number; empty when nothing more than From is to be believed.</param>
/// <param name="Name">The display name.</param>
/// <param name="IsPrivate">Whether the called party must not see it.</param>
internal readonly record struct CallerIdentity(string Number, string Name, bool IsPrivate)
{
    /// <summary>Reads it.</summary>
    /// <param name="request">The INVITE.</param>
    /// <param name="user">The authenticated user, or null.</param>
    /// <param name="isTrusted">Whether the peer is believed about others.</param>
    public static CallerIdentity Read(SipMessage request, DirectoryUser? user, bool isTrusted)
    {
        var privacy = request.Other("Privacy"u8);
        var isPrivate = !privacy.IsEmpty && !SipText.EqualsIgnoreCase(privacy, "none"u8)
            && (Says(privacy, "id"u8) || Says(privacy, "user"u8) || Says(privacy, "header"u8));
        if (isTrusted && (TryRead(request.Other("P-Asserted-Identity"u8), out var number, out var name) || TryRead(request.Other("Remote-Party-ID"u8), out number, out name)))
        {
            var party = request.Other("Remote-Party-ID"u8);
            return new CallerIdentity(number, name, isPrivate || Contains(party, "privacy=full"u8) || Contains(party, "privacy=uri"u8));
        }

        // A user may choose among the numbers that are its own, nothing else.
        return user is not null && TryRead(request.Other("P-Preferred-Identity"u8), out number, out name) && (number == user.Number || number == user.CallerIdNumber)
            ? new CallerIdentity(number, "", isPrivate)
            : new CallerIdentity("", "", isPrivate);
    }

    private static bool Says(ReadOnlySpan<byte> privacy, ReadOnlySpan<byte> word)
    {
        foreach (var range in privacy.Split((byte)';'))
        {
            if (SipText.EqualsIgnoreCase(SipText.Trim(privacy[range]), word))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Contains(ReadOnlySpan<byte> value, ReadOnlySpan<byte> text) => value.IndexOf(text) >= 0;

    private static bool TryRead(ReadOnlySpan<byte> header, out string number, out string name)
    {
        number = name = "";
        var values = new ValueReader(header);
        if (!values.TryNext(out var value) || !NameAddress.TryParse(value, out var address) || !SipUri.TryParse(address.Uri, out var uri))
        {
            return false;
        }

        number = SipText.DecodeUser(uri.User);
        if (number.Length == 0 && uri.Scheme == UriScheme.Tel)
        {
            number = SipText.Decode(address.Uri[4..]).Split(';')[0];
        }

        name = SipText.Unquote(address.Display);
        return number.Length > 0;
    }
}
