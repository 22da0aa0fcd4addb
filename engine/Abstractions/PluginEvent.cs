namespace XSwitchEngine.Abstractions;

/// <summary>An event of the switch, with FreeSWITCH's names and headers.</summary>
/// <param name="Name">Such as <c>CHANNEL_CREATE</c> or <c>CUSTOM</c>.</param>
/// <param name="Subclass">Subclass of a CUSTOM event, such as <c>verto::login</c>; else empty.</param>
/// <param name="Headers">In order; names may repeat.</param>
/// <param name="Body">Its body, or null.</param>
public sealed record PluginEvent(string Name, string Subclass, IReadOnlyList<KeyValuePair<string, string>> Headers, string? Body);
