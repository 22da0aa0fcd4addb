namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>Bounds on what a peer may send. All are checked before anything is allocated for it.</summary>
internal static class SipLimits
{
    /// <summary>Largest message, bytes.</summary>
    public const int Message = 64 * 1024;

    /// <summary>Most header fields in a message.</summary>
    public const int Headers = 256;

    /// <summary>Longest line, bytes, before unfolding.</summary>
    public const int Line = 8 * 1024;

    /// <summary>Most Via values.</summary>
    public const int Vias = 64;

    /// <summary>Most Record-Route or Route values.</summary>
    public const int Routes = 32;

    /// <summary>Most contacts in a REGISTER.</summary>
    public const int Contacts = 16;

    /// <summary>Most parameters looked at in a set of credentials.</summary>
    public const int Parameters = 32;

    /// <summary>Longest Call-ID, tag, branch or contact that gets state.</summary>
    public const int Identifier = 1024;
}
