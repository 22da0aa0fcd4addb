namespace XSwitchEngine.Plugins.Whip.Sdp;

/// <summary>What the rules for an offer say: 0 to go on, or the status and why.</summary>
/// <param name="Status">0, 400 or 422.</param>
/// <param name="Detail">Why, in words.</param>
internal readonly record struct OfferVerdict(int Status, string Detail)
{
    public bool IsFine => Status == 0;
}

/// <summary>The rules for offers: RFC 9725 §4.2 and §4.4, the WHEP draft, and what a session over one port needs.</summary>
internal static class OfferCheck
{
    private static readonly System.Buffers.SearchValues<char> IceCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=");

    /// <summary>Checks an offer.</summary>
    /// <param name="sdp">The offer.</param>
    /// <param name="flavour">Of the endpoint.</param>
    public static OfferVerdict Check(SdpText sdp, Flavour flavour)
    {
        var active = sdp.Active.ToList();
        if (!sdp.Media.Exists(m => m.Kind is "audio" or "video"))
        {
            return new(400, "the offer has no audio and no video");
        }

        if (active.Count == 0)
        {
            return new(422, "the offer refuses all its audio and video");
        }

        foreach (var medium in active)
        {
            if (Attributes(medium) is { IsFine: false } fault)
            {
                return fault;
            }
        }

        if (active.FirstOrDefault(m => !Allows(flavour, m.Direction)) is { } wrong)
        {
            return new(422, $"{wrong.Direction} is not for this endpoint: the client {Role(flavour)}");
        }

        if (flavour == Flavour.Whxp && active.TrueForAll(m => m.Direction == "inactive"))
        {
            return new(422, "all media are inactive");
        }

        if (active.Count(m => m.Kind == "audio") > 1 || active.Count(m => m.Kind == "video") > 1)
        {
            return new(422, "more than one track of a kind");
        }

        if (active.Find(m => !m.HasRtcpMux) is { } unmuxed)
        {
            return new(422, $"the {unmuxed.Kind} has no a=rtcp-mux");
        }

        return active.Count > 1 && !active.TrueForAll(m => m.Mid.Length > 0 && sdp.Bundle.Contains(m.Mid))
            ? new(422, "the media are not in one BUNDLE group")
            : default;
    }

    /// <summary>The direction that all media of an offer have, or empty when they differ.</summary>
    /// <param name="sdp">The offer.</param>
    public static string CommonDirection(SdpText sdp)
    {
        var directions = sdp.Active.Select(m => m.Direction).Distinct(StringComparer.Ordinal).ToList();
        return directions.Count == 1 ? directions[0] : "";
    }

    private static OfferVerdict Attributes(SdpMedium medium)
    {
        // RFC 8839 §5.4: 4..256 and 22..256 characters.
        if (medium.Ufrag.Length is < 4 or > 256 || medium.Password.Length is < 22 or > 256 || !IsIce(medium.Ufrag) || !IsIce(medium.Password))
        {
            return new(400, $"the {medium.Kind} has no usable a=ice-ufrag and a=ice-pwd");
        }

        var space = medium.Fingerprint.IndexOf(' ', StringComparison.Ordinal);
        if (space <= 0 || !medium.Fingerprint.AsSpan(space + 1).ContainsAnyInRange('0', 'f'))
        {
            return new(400, $"the {medium.Kind} has no a=fingerprint");
        }

        return medium.Setup switch
        {
            "actpass" or "active" or "passive" => default,
            "" => new(400, $"the {medium.Kind} has no a=setup"),
            _ => new(422, $"a=setup:{medium.Setup} cannot be answered"),
        };
    }

    /// <summary>Whether a text has only the characters of ICE credentials (RFC 8839 §5.4).</summary>
    /// <param name="text">A ufrag or password.</param>
    public static bool IsIce(string text) => text.AsSpan().IndexOfAnyExcept(IceCharacters) < 0;

    private static bool Allows(Flavour flavour, string direction) => flavour switch
    {
        Flavour.Whip => direction is "sendonly" or "sendrecv",
        Flavour.Whap => direction is "recvonly" or "sendrecv",
        Flavour.Whxp => true,
        _ => false,
    };

    private static string Role(Flavour flavour) => flavour == Flavour.Whip ? "sends here" : "receives here";
}
