using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace XSwitchEngine.Host.Http;

/// <summary>Short answers of the host itself.</summary>
internal static class Answers
{
    /// <summary>Plain text.</summary>
    public static Task TextAsync(HttpContext context, int status, string text) => WriteAsync(context, status, "text/plain; charset=utf-8", text);

    /// <summary>JSON.</summary>
    public static Task JsonAsync(HttpContext context, int status, JsonObject value) => WriteAsync(context, status, "application/json; charset=utf-8", value.ToJsonString());

    /// <summary>The method is not one of those that are served.</summary>
    public static Task MethodAsync(HttpContext context, string allowed)
    {
        context.Response.Headers.Allow = allowed;
        return TextAsync(context, StatusCodes.Status405MethodNotAllowed, $"only {allowed}\n");
    }

    private static Task WriteAsync(HttpContext context, int status, string type, string text)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = type;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        var bytes = Encoding.UTF8.GetBytes(text);
        response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }
}
