using System.Net;

namespace XSwitchEngine.Core.Web;

/// <summary>Who makes a request, as far as it can be believed.</summary>
/// <param name="Remote">The client; behind a configured proxy the address that the proxy names.</param>
/// <param name="Local">Our end.</param>
/// <param name="Scheme"><c>http</c> or <c>https</c> as the client sees it.</param>
/// <param name="Host">Host and port as the client sees them.</param>
/// <param name="IsTls">Whether it came in on the TLS listener.</param>
public sealed record WebPeer(IPEndPoint Remote, IPEndPoint Local, string Scheme, string Host, bool IsTls);
