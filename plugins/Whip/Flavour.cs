namespace XSwitchEngine.Plugins.Whip;

/// <summary>Which way media flows at an endpoint, seen from the client. The numbers are part of exported state.</summary>
internal enum Flavour : byte
{
    /// <summary>The client sends (RFC 9725).</summary>
    Whip = 0,

    /// <summary>The client receives; WHEP is the same on the wire.</summary>
    Whap = 1,

    /// <summary>Both ways on one connection.</summary>
    Whxp = 2,
}
