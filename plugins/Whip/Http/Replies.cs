using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Whip.Http;

/// <summary>Writes replies: every one has the CORS headers, errors have a problem-details body (RFC 9457).</summary>
internal sealed class Replies(WhipContext context)
{
    /// <summary>Methods of an endpoint.</summary>
    public const string EndpointMethods = "OPTIONS, GET, HEAD, POST";

    /// <summary>Methods of a session.</summary>
    public const string SessionMethods = "OPTIONS, GET, HEAD, PATCH, DELETE";

    /// <summary>Methods of a session's digits.</summary>
    public const string DtmfMethods = "OPTIONS, POST";

    private const string Exposed = "Location, ETag, Link, Retry-After, Accept-Patch";
    private const string AllMethods = "OPTIONS, GET, HEAD, POST, PATCH, DELETE";
    private const string AllowedHeaders = "Authorization, Content-Type, If-Match, ETag, X-XTRA-AUTH-ID";

    /// <summary>Sends a reply.</summary>
    /// <param name="to">The request.</param>
    /// <param name="status">The status.</param>
    /// <param name="headers">Besides those of CORS.</param>
    /// <param name="body">Text, or empty.</param>
    public void Send(in Exchange to, int status, IEnumerable<KeyValuePair<string, string>>? headers = null, string body = "")
    {
        var all = new List<KeyValuePair<string, string>>(headers ?? []);
        AddCors(all, to.Origin);
        context.Host.Count("replies_" + (status / 100) + "xx");
        context.Host.Respond(to.Key, new HttpReply(status, all, Encoding.UTF8.GetBytes(body)));
    }

    /// <summary>Answers OPTIONS.</summary>
    /// <param name="to">The request.</param>
    /// <param name="headers">What the resource accepts.</param>
    public void SendOptions(in Exchange to, IEnumerable<KeyValuePair<string, string>> headers) =>
        Send(to, 200,
        [
            new("Access-Control-Allow-Methods", AllMethods),
            new("Access-Control-Allow-Headers", AllowedHeaders),
            new("Access-Control-Max-Age", "86400"),
            .. headers,
        ]);

    /// <summary>Sends an error with its reason.</summary>
    /// <param name="to">The request.</param>
    /// <param name="status">4xx or 5xx.</param>
    /// <param name="detail">Why, in words.</param>
    /// <param name="cause">Name of the hangup cause, or null.</param>
    /// <param name="headers">Further headers.</param>
    public void Problem(in Exchange to, int status, string detail, string? cause = null, params ReadOnlySpan<KeyValuePair<string, string>> headers)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", "about:blank");
            json.WriteString("title", Title(status));
            json.WriteNumber("status", status);
            json.WriteString("detail", detail);
            if (cause is not null)
            {
                json.WriteString("cause", cause);
            }

            json.WriteEndObject();
        }

        List<KeyValuePair<string, string>> all = [new("Content-Type", MediaTypes.Problem), new("Cache-Control", "no-store"), .. headers];
        if (status is 409 or 429 or 503 && !all.Exists(h => h.Key == "Retry-After"))
        {
            all.Add(new("Retry-After", "5"));
        }

        Send(to, status, all, Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    /// <summary>401 with the challenge of RFC 6750.</summary>
    /// <param name="to">The request.</param>
    /// <param name="isWrong">Whether there was a token and it is not valid.</param>
    public void Unauthorized(in Exchange to, bool isWrong) =>
        Problem(to, 401, isWrong ? "the token is not valid" : "a token is needed", null,
            new KeyValuePair<string, string>("WWW-Authenticate", $"Bearer realm=\"{context.Host.Directory.Domain}\"" + (isWrong ? ", error=\"invalid_token\"" : "")));

    /// <summary>405 with the methods that there are.</summary>
    /// <param name="to">The request.</param>
    /// <param name="methods">The methods.</param>
    public void NotAllowed(in Exchange to, string methods) =>
        Problem(to, 405, "the method is not served here", null, new KeyValuePair<string, string>("Allow", methods));

    /// <summary>429 with the time to wait.</summary>
    /// <param name="to">The request.</param>
    /// <param name="seconds">The time.</param>
    /// <param name="detail">What there is too much of.</param>
    public void TooMany(in Exchange to, int seconds, string detail) =>
        Problem(to, 429, detail, null, new KeyValuePair<string, string>("Retry-After", Math.Max(1, seconds).ToString(CultureInfo.InvariantCulture)));

    /// <summary>Whether a page's origin is named in the configuration (rather than let in with all).</summary>
    /// <param name="origin">The origin.</param>
    public bool IsListed(string origin) => context.Options.Origins.Contains(origin, StringComparer.OrdinalIgnoreCase);

    private void AddCors(List<KeyValuePair<string, string>> headers, string origin)
    {
        if (context.Options.Origins.Contains("*"))
        {
            headers.Add(new("Access-Control-Allow-Origin", "*"));
        }
        else
        {
            headers.Add(new("Vary", "Origin"));
            if (origin.Length > 0 && IsListed(origin))
            {
                headers.Add(new("Access-Control-Allow-Origin", origin));
                headers.Add(new("Access-Control-Allow-Credentials", "true"));
            }
        }

        headers.Add(new("Access-Control-Expose-Headers", Exposed));
    }

    private static string Title(int status) => status switch
    {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    };
}
