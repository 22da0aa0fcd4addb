namespace XSwitchEngine.Abstractions;

/// <summary>The certificate that a TLS peer showed and whose key it has.</summary>
/// <param name="Subject">Its subject as a distinguished name.</param>
/// <param name="Names">Its subject alternative names: DNS names, addresses, and URIs such as <c>sip:example.org</c>.</param>
/// <param name="Fingerprint">SHA-256 of it, upper-case hex in pairs with colons between, as in session descriptions.</param>
/// <param name="IsTrusted">Whether it leads to a root of the system or of the configuration and is in force; its names are still to be compared.</param>
public sealed record PeerCertificate(string Subject, IReadOnlyList<string> Names, string Fingerprint, bool IsTrusted);
