namespace XSwitchEngine.Plugins.Whip.Client;

/// <summary>The address of another server in a dial string: <c>whip:https://…</c>, <c>whep:https://…</c>, <c>whap:…</c>, <c>whxp:…</c>.</summary>
/// <param name="Flavour">What we are there: WHIP sends, WHEP receives, seen from us.</param>
/// <param name="Address">Its endpoint.</param>
internal sealed record ServerAddress(Flavour Flavour, Uri Address)
{
    /// <summary>Reads the address of a dial target.</summary>
    /// <param name="text">Such as <c>whip:https://example.org/live/a</c>.</param>
    /// <returns>Null when it is none.</returns>
    public static ServerAddress? Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        Flavour? flavour = (colon < 0 ? "" : text[..colon].ToLowerInvariant()) switch
        {
            "whip" => Flavour.Whip,
            "whep" or "whap" => Flavour.Whap,
            "whxp" => Flavour.Whxp,
            _ => null,
        };
        return flavour is { } known && Uri.TryCreate(text[(colon + 1)..], UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? new ServerAddress(known, address)
            : null;
    }
}
