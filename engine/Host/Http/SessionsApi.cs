using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Diagnostics;
using XSwitchEngine.Core.Directory;
using XSwitchEngine.Core.Web;

namespace XSwitchEngine.Host.Http;

/// <summary>Token log-in: <c>/api/sessions</c> for people, <c>/api/tokens</c> for backends that hand a token to a browser.</summary>
/// <remarks>
/// <c>POST /api/sessions</c> with <c>login</c> and <c>password</c> (JSON or form) gives a token; <c>GET</c> tells whose a token is, <c>DELETE</c> ends it.
/// <c>POST /api/tokens</c> with a token gives one for an extension: <c>extn</c> (one's own; any with permission admin), <c>seconds</c>, <c>destinations</c>; with
/// <c>"kind": "developer"</c> one that lives long. Failed log-ins are counted by source and stand in the security log.
/// </remarks>
internal sealed class SessionsApi(Func<ISwitchDirectory?> directory, SecurityLog security, SourceLimiter failures, TimeSpan lifetime)
{
    private const int MaxBody = 16 * 1024;
    private const int MaxDestinations = 64;
    private const double FailuresPerSecond = 10.0 / 60;
    private const int FailuresAtOnce = 10;
    private static readonly TimeSpan LongestExtension = TimeSpan.FromDays(30);
    private static readonly TimeSpan DeveloperLife = TimeSpan.FromDays(3650);

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context, WebPeer client, string path)
    {
        if (directory() is not { } users)
        {
            await FailAsync(context, StatusCodes.Status503ServiceUnavailable, "starting");
            return;
        }

        var answer = (context.Request.Method, path) switch
        {
            ("POST", "/api/sessions") => LogInAsync(context, client, users),
            ("GET", "/api/sessions") => TellAsync(context, users),
            ("DELETE", "/api/sessions") => LogOutAsync(context, users),
            ("POST", "/api/tokens") => IssueAsync(context, client, users),
            _ => Answers.MethodAsync(context, path == "/api/sessions" ? "GET, POST, DELETE" : "POST"),
        };
        await answer;
    }

    private async Task LogInAsync(HttpContext context, WebPeer client, ISwitchDirectory users)
    {
        if (failures.IsExhausted(client.Remote.Address, FailuresPerSecond, FailuresAtOnce))
        {
            context.Response.Headers.RetryAfter = "10";
            await FailAsync(context, StatusCodes.Status429TooManyRequests, "too many failed log-ins");
            return;
        }

        if (await ReadAsync(context) is not { } fields)
        {
            await FailAsync(context, StatusCodes.Status400BadRequest, "login and password are sent as JSON or as a form");
            return;
        }

        var login = fields.Text("login");
        var number = login.Split('@', 2)[0];
        var domain = login.Contains('@', StringComparison.Ordinal) ? login.Split('@', 2)[1] : users.Domain;
        if (Verify(users, number, domain, fields.Text("password")) is not { } user)
        {
            failures.TryTake(client.Remote.Address, FailuresPerSecond, FailuresAtOnce);
            security.Write("auth_fail", client.Remote, ("user", number), ("method", "POST"), ("protocol", "http"));
            await FailAsync(context, StatusCodes.Status403Forbidden, "wrong login or password");
            return;
        }

        var issued = users.IssueToken(new TokenRequest(user.Number, TokenKind.Session, [.. user.Permissions], lifetime, [], Sliding: true));
        if (issued is not { } made)
        {
            await FailAsync(context, StatusCodes.Status503ServiceUnavailable, "too many sessions");
            return;
        }

        SetCookie(context, client, made.Token, lifetime);
        await Answers.JsonAsync(context, StatusCodes.Status200OK, Describe(made.Grant, made.Token));
    }

    private static async Task TellAsync(HttpContext context, ISwitchDirectory users)
    {
        if (await GrantAsync(context, users) is { } found)
        {
            await Answers.JsonAsync(context, StatusCodes.Status200OK, Describe(found.Grant, null));
        }
    }

    private static async Task LogOutAsync(HttpContext context, ISwitchDirectory users)
    {
        if (await GrantAsync(context, users) is { } found)
        {
            users.RevokeToken(found.Token);
            context.Response.Cookies.Delete(TokenCarrier.Cookie);
            await Answers.JsonAsync(context, StatusCodes.Status200OK, new JsonObject { ["code"] = 200, ["message"] = "logged out" });
        }
    }

    private async Task IssueAsync(HttpContext context, WebPeer client, ISwitchDirectory users)
    {
        if (await GrantAsync(context, users) is not { } asking)
        {
            return;
        }

        // A cookie goes along with what other sites send; a token that is made needs a carrier that only the page itself can add.
        if (asking.IsCookie && context.Request.Headers.Origin is { Count: > 0 } origin && !origin.ToString().Equals($"{client.Scheme}://{client.Host}", StringComparison.OrdinalIgnoreCase))
        {
            await FailAsync(context, StatusCodes.Status403Forbidden, "send the token in a header");
            return;
        }

        if (await ReadAsync(context) is not { } fields)
        {
            await FailAsync(context, StatusCodes.Status400BadRequest, "extn, seconds and destinations are sent as JSON");
            return;
        }

        var grant = asking.Grant;
        var number = fields.Text("extn") is { Length: > 0 } extension ? extension : grant.User.Number;
        var isDeveloper = fields.Text("kind") == "developer";
        if (grant.Destinations.Count > 0 || asking.Kind == TokenKind.Extension || (number != grant.User.Number && !grant.Permissions.Contains(DirectoryPermissions.Admin)))
        {
            await FailAsync(context, StatusCodes.Status403Forbidden, "this token may not make others");
            return;
        }

        if (users.FindUser(number, users.Domain) is not { } user)
        {
            await FailAsync(context, StatusCodes.Status404NotFound, "there is no such extension");
            return;
        }

        var life = isDeveloper ? DeveloperLife : fields.Seconds(lifetime, LongestExtension);
        var permissions = isDeveloper ? user.Permissions : user.Permissions.Where(static p => p is DirectoryPermissions.WebRtc or DirectoryPermissions.Sip);
        var request = new TokenRequest(number, isDeveloper ? TokenKind.Developer : TokenKind.Extension, [.. permissions], life, fields.List("destinations", MaxDestinations), Sliding: false);
        if (life <= TimeSpan.Zero || users.IssueToken(request) is not { } made)
        {
            await FailAsync(context, life <= TimeSpan.Zero ? StatusCodes.Status400BadRequest : StatusCodes.Status503ServiceUnavailable, life <= TimeSpan.Zero ? "seconds must be 1 or more" : "too many tokens");
            return;
        }

        await Answers.JsonAsync(context, StatusCodes.Status200OK, Describe(made.Grant, made.Token));
    }

    // The token of the request; when there is none that holds, the answer has been given.
    private static async Task<Found?> GrantAsync(HttpContext context, ISwitchDirectory users)
    {
        if (!TokenCarrier.TryRead(context.Request, out var token, out var isCookie) || token.Length == 0)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await FailAsync(context, StatusCodes.Status401Unauthorized, token.Length == 0 ? "a token is needed" : "two tokens that differ");
            return null;
        }

        if ((isCookie ? users.UseToken(token) : users.FindToken(token)) is not { } grant)
        {
            await FailAsync(context, StatusCodes.Status403Forbidden, "the token is unknown or has expired");
            return null;
        }

        return new Found(token, grant, users.KindOf(token), isCookie);
    }

    private static DirectoryUser? Verify(ISwitchDirectory users, string number, string domain, string password)
    {
        var user = users.FindUser(number, domain);

        // As much work, and the same answer, whether the user exists or not.
        var given = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{number}:{users.Domain}:{password}")));
        var wanted = user?.Ha1Sha256 is { Length: > 0 } hash ? hash : new string('0', given.Length);
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(given), Encoding.ASCII.GetBytes(wanted)) && password.Length > 0 ? user : null;
    }

    private static void SetCookie(HttpContext context, WebPeer client, string token, TimeSpan life) =>
        context.Response.Cookies.Append(TokenCarrier.Cookie, token, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = client.Scheme == "https", Path = "/", MaxAge = life });

    private static JsonObject Describe(TokenGrant grant, string? token)
    {
        var answer = new JsonObject
        {
            ["code"] = 200,
            ["message"] = "OK",
            ["expires"] = grant.Expires.ToUnixTimeSeconds(),
            ["user_id"] = grant.User.Number,
            ["extn"] = grant.User.Number,
            ["domain"] = grant.User.Domain,
            ["authority"] = grant.Permissions.Contains(DirectoryPermissions.Admin) ? "admin" : "user",
            ["permissions"] = new JsonArray([.. grant.Permissions.Order(StringComparer.Ordinal).Select(static p => (JsonNode)p)]),
        };
        if (token is not null)
        {
            answer["token"] = token;
        }

        if (grant.Destinations.Count > 0)
        {
            answer["destinations"] = new JsonArray([.. grant.Destinations.Select(static d => (JsonNode)d)]);
        }

        return answer;
    }

    private static Task FailAsync(HttpContext context, int status, string message) =>
        Answers.JsonAsync(context, status, new JsonObject { ["code"] = status, ["message"] = message });

    private static async Task<RequestFields?> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MaxBody)
        {
            throw new BadHttpRequestException("too long", StatusCodes.Status413PayloadTooLarge);
        }

        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = MaxBody;
        try
        {
            return context.Request.HasFormContentType
                ? RequestFields.Of(await context.Request.ReadFormAsync(context.RequestAborted))
                : await RequestFields.ParseAsync(context.Request.Body, context.RequestAborted);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or InvalidOperationException)
        {
            return null; // InvalidOperationException: a text that is not Unicode
        }
    }

    private sealed record Found(string Token, TokenGrant Grant, TokenKind Kind, bool IsCookie);
}
