namespace XSwitchEngine.Abstractions;

/// <summary>An HTTP request that a plugin sends to another server.</summary>
/// <param name="Method">Such as <c>POST</c>.</param>
/// <param name="Address">Absolute, http or https. The certificate of an https server is verified against the system's trust store.</param>
/// <param name="Headers">In order; Host, Content-Length and Connection are the host's.</param>
/// <param name="Body">The whole body, empty for none; must not change after the call.</param>
public sealed record HttpFetch(string Method, Uri Address, IReadOnlyList<KeyValuePair<string, string>> Headers, ReadOnlyMemory<byte> Body)
{
    /// <summary>Longest wait for the whole reply; at most a minute.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);
}
