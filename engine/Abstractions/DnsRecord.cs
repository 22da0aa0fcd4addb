namespace XSwitchEngine.Abstractions;

/// <summary>Kinds of DNS records that a plugin can ask for by <see cref="IPluginHost.Query"/>; addresses it gets by <see cref="IPluginHost.Resolve"/>.</summary>
public enum DnsRecordKind
{
    /// <summary>Services of a domain in order (RFC 3403).</summary>
    Naptr,

    /// <summary>Servers of a service (RFC 2782).</summary>
    Srv,
}

/// <summary>A DNS record, immutable.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Order">NAPTR order, or SRV priority: the lower goes first.</param>
/// <param name="Preference">NAPTR preference (the lower goes first), or SRV weight (the higher is likelier).</param>
/// <param name="Target">NAPTR replacement, or the server of an SRV record.</param>
public sealed record DnsRecord(DnsRecordKind Kind, int Order, int Preference, string Target)
{
    /// <summary>Port of an SRV record.</summary>
    public int Port { get; init; }

    /// <summary>Flags of a NAPTR record, such as <c>s</c>.</summary>
    public string Flags { get; init; } = "";

    /// <summary>Service of a NAPTR record, such as <c>SIP+D2U</c>.</summary>
    public string Service { get; init; } = "";
}
