namespace XSwitchEngine.Plugins.Whip.Http;

/// <summary>What is needed to answer a request, perhaps later and by another version of the plugin.</summary>
/// <param name="Key">The host's number.</param>
/// <param name="Origin">The page's origin, or empty.</param>
/// <param name="Base">Scheme and host as the client sees them.</param>
internal readonly record struct Exchange(long Key, string Origin, string Base);
