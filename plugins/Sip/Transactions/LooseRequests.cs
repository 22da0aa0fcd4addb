using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Transactions;

/// <summary>Takes the results of requests that belong to no leg to those that sent them.</summary>
internal sealed class LooseRequests(SipContext context)
{
    public void OnResponse(ClientRequest request, SipMessage response)
    {
        switch (request.Purpose)
        {
            case RequestPurpose.Ping when response.Status >= 200:
                context.Pings.OnResult(request.Tag, answered: true);
                break;
            case RequestPurpose.Register or RequestPurpose.GatewayPing:
                context.Gateways.Find(request.Tag)?.OnResponse(request, response);
                break;
            case RequestPurpose.Event when response.Status >= 200:
                context.Subscriptions.OnResult(request.Tag, response.Status);
                break;
            case RequestPurpose.Chat when response.Status >= 200:
                context.Chat.OnResult(request, response.Status, SipText.Decode(response.Reason), response);
                break;
            default:
                break;
        }
    }

    /// <summary>Nobody answered, or it could not be sent.</summary>
    public void OnNoResponse(ClientRequest request, int status)
    {
        switch (request.Purpose)
        {
            case RequestPurpose.Ping:
                context.Pings.OnResult(request.Tag, answered: false);
                break;
            case RequestPurpose.Register or RequestPurpose.GatewayPing:
                context.Gateways.Find(request.Tag)?.OnNoResponse(request);
                break;
            case RequestPurpose.Event:
                context.Subscriptions.OnResult(request.Tag, 408);
                break;
            case RequestPurpose.Chat:
                context.Chat.OnResult(request, status, "");
                break;
            default:
                break;
        }
    }
}
