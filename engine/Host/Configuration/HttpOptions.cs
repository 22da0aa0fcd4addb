using System.ComponentModel.DataAnnotations;

namespace XSwitchEngine.Host.Configuration;

/// <summary>The HTTP listener.</summary>
internal sealed class HttpOptions
{
    /// <summary>Address to bind; <c>*</c> for all.</summary>
    public string Address { get; set; } = "*";

    /// <summary>Port of plain HTTP; 0 lets the system choose.</summary>
    [Range(0, 65535)]
    public int Port { get; set; } = 8081;

    /// <summary>Addresses and networks (<c>192.0.2.0/24</c>) that may read <c>/metrics</c> besides this machine.</summary>
    public List<string> MetricsAllow { get; set; } = [];
}
