namespace XSwitchEngine.Abstractions;

/// <summary>Where an originated leg goes: the part of a dial string after the scheme, or a registered contact.</summary>
/// <param name="Endpoint">The scheme, such as <c>sofia</c>.</param>
/// <param name="Profile">The profile named in the dial string or by the registration; empty for the default.</param>
/// <param name="Address">The address in the protocol's own form, such as <c>1000@192.0.2.4:5060;transport=tcp</c>.</param>
/// <param name="Binding">The registration to ring, when the target is a user of this engine; routing uses its flow, not its contact's host.</param>
public sealed record DialTarget(string Endpoint, string Profile, string Address, Registration? Binding);
