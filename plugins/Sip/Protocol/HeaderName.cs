using System.Text;

namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>Headers that are looked at. All others are <see cref="Other"/> and found by their text.</summary>
internal enum HeaderName : byte
{
    Other,
    Via,
    From,
    To,
    CallId,
    CSeq,
    MaxForwards,
    Contact,
    ContentLength,
    ContentType,
    ContentEncoding,
    Route,
    RecordRoute,
    Path,
    Expires,
    MinExpires,
    Require,
    ProxyRequire,
    Supported,
    Allow,
    Accept,
    Authorization,
    ProxyAuthorization,
    WwwAuthenticate,
    ProxyAuthenticate,
    UserAgent,
    Server,
    SessionExpires,
    MinSe,
    RSeq,
    RAck,
    ReferTo,
    ReferredBy,
    ReferSub,
    Replaces,
    Reason,
    RetryAfter,
    Event,
    SubscriptionState,
    Subject,
    Timestamp,
    AllowEvents,
    AcceptContact,
    RejectContact,
    RequestDisposition,
    Identity,
    IdentityInfo,
}

/// <summary>Recognises header names in any case and in compact form (RFC 3261 §7.3.3 and the registry of header fields).</summary>
internal static class HeaderNames
{
    /// <summary>How many values <see cref="HeaderName"/> has.</summary>
    public const int Count = (int)HeaderName.IdentityInfo + 1;

    public static HeaderName Parse(ReadOnlySpan<byte> name) => name.Length switch
    {
        1 => Compact((byte)(name[0] | 0x20)),
        2 => Is(name, "To"u8, HeaderName.To),
        3 => Is(name, "Via"u8, HeaderName.Via),
        4 => (name[0] | 0x20) switch
        {
            'f' => Is(name, "From"u8, HeaderName.From),
            'c' => Is(name, "CSeq"u8, HeaderName.CSeq),
            'p' => Is(name, "Path"u8, HeaderName.Path),
            'r' => Either(name, "RSeq"u8, HeaderName.RSeq, "RAck"u8, HeaderName.RAck),
            _ => HeaderName.Other,
        },
        5 => (name[0] | 0x20) switch
        {
            'r' => Is(name, "Route"u8, HeaderName.Route),
            'a' => Is(name, "Allow"u8, HeaderName.Allow),
            'e' => Is(name, "Event"u8, HeaderName.Event),
            _ => HeaderName.Other,
        },
        6 => (name[0] | 0x20) switch
        {
            'a' => Is(name, "Accept"u8, HeaderName.Accept),
            'm' => Is(name, "Min-SE"u8, HeaderName.MinSe),
            'r' => Is(name, "Reason"u8, HeaderName.Reason),
            's' => Is(name, "Server"u8, HeaderName.Server),
            _ => HeaderName.Other,
        },
        7 => (name[0] | 0x20) switch
        {
            'c' => Either(name, "Call-ID"u8, HeaderName.CallId, "Contact"u8, HeaderName.Contact),
            'e' => Is(name, "Expires"u8, HeaderName.Expires),
            'r' => Is(name, "Require"u8, HeaderName.Require),
            's' => Is(name, "Subject"u8, HeaderName.Subject),
            _ => HeaderName.Other,
        },
        8 => (name[0] | 0x20) switch
        {
            'r' => Either(name, "Refer-To"u8, HeaderName.ReferTo, "Replaces"u8, HeaderName.Replaces),
            'i' => Is(name, "Identity"u8, HeaderName.Identity),
            _ => HeaderName.Other,
        },
        9 => Either(name, "Supported"u8, HeaderName.Supported, "Refer-Sub"u8, HeaderName.ReferSub, "Timestamp"u8, HeaderName.Timestamp),
        10 => Either(name, "User-Agent"u8, HeaderName.UserAgent),
        11 => Either(name, "Min-Expires"u8, HeaderName.MinExpires, "Retry-After"u8, HeaderName.RetryAfter, "Referred-By"u8, HeaderName.ReferredBy),
        12 => Either(name, "Max-Forwards"u8, HeaderName.MaxForwards, "Content-Type"u8, HeaderName.ContentType, "Record-Route"u8, HeaderName.RecordRoute, "Allow-Events"u8, HeaderName.AllowEvents),
        13 => Either(name, "Authorization"u8, HeaderName.Authorization, "Proxy-Require"u8, HeaderName.ProxyRequire, "Identity-Info"u8, HeaderName.IdentityInfo),
        14 => Either(name, "Content-Length"u8, HeaderName.ContentLength, "Accept-Contact"u8, HeaderName.AcceptContact, "Reject-Contact"u8, HeaderName.RejectContact),
        15 => Either(name, "Session-Expires"u8, HeaderName.SessionExpires),
        16 => Either(name, "Content-Encoding"u8, HeaderName.ContentEncoding, "WWW-Authenticate"u8, HeaderName.WwwAuthenticate),
        18 => Either(name, "Proxy-Authenticate"u8, HeaderName.ProxyAuthenticate, "Subscription-State"u8, HeaderName.SubscriptionState),
        19 => Either(name, "Proxy-Authorization"u8, HeaderName.ProxyAuthorization, "Request-Disposition"u8, HeaderName.RequestDisposition),
        _ => HeaderName.Other,
    };

    private static HeaderName Compact(byte letter) => letter switch
    {
        (byte)'i' => HeaderName.CallId,
        (byte)'m' => HeaderName.Contact,
        (byte)'e' => HeaderName.ContentEncoding,
        (byte)'l' => HeaderName.ContentLength,
        (byte)'c' => HeaderName.ContentType,
        (byte)'f' => HeaderName.From,
        (byte)'s' => HeaderName.Subject,
        (byte)'k' => HeaderName.Supported,
        (byte)'t' => HeaderName.To,
        (byte)'v' => HeaderName.Via,
        (byte)'o' => HeaderName.Event,
        (byte)'u' => HeaderName.AllowEvents,
        (byte)'r' => HeaderName.ReferTo,
        (byte)'b' => HeaderName.ReferredBy,
        (byte)'x' => HeaderName.SessionExpires,
        (byte)'a' => HeaderName.AcceptContact,
        (byte)'j' => HeaderName.RejectContact,
        (byte)'d' => HeaderName.RequestDisposition,
        (byte)'y' => HeaderName.Identity,
        (byte)'n' => HeaderName.IdentityInfo,
        _ => HeaderName.Other,
    };

    private static HeaderName Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text, HeaderName value) =>
        Ascii.EqualsIgnoreCase(name, text) ? value : HeaderName.Other;

    private static HeaderName Either(
        ReadOnlySpan<byte> name,
        ReadOnlySpan<byte> text1,
        HeaderName value1,
        ReadOnlySpan<byte> text2 = default,
        HeaderName value2 = default,
        ReadOnlySpan<byte> text3 = default,
        HeaderName value3 = default,
        ReadOnlySpan<byte> text4 = default,
        HeaderName value4 = default) =>
        Ascii.EqualsIgnoreCase(name, text1) ? value1
        : Ascii.EqualsIgnoreCase(name, text2) ? value2
        : Ascii.EqualsIgnoreCase(name, text3) ? value3
        : Ascii.EqualsIgnoreCase(name, text4) ? value4
        : HeaderName.Other;
}
