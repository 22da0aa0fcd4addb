using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Verto.Sessions;

/// <summary>Proves who is on a socket, gives it its session, and tells the directory that the user can be reached there.</summary>
internal sealed class Login(VertoContext context)
{
    /// <summary>How long a contact in the directory lasts without being renewed.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromHours(2);

    private static readonly TimeSpan Renewal = TimeSpan.FromHours(1);

    // A name and a number of the directory's size.
    private const int MaxLogin = 256, MaxPassword = 1024, MaxVariables = 64, MaxValue = 1024, MaxSessionId = 36;

    /// <summary>What a request's credentials are worth.</summary>
    private sealed record Proof(DirectoryUser? User, TokenGrant? Grant, bool IsRoot);

    /// <summary>Checks the credentials in a request, and logs its socket in.</summary>
    /// <returns>False when the request was answered with an error.</returns>
    public bool TryLogin(in RpcCall call)
    {
        var session = call.Session;
        if (!call.HasParams)
        {
            return Refuse(call, JsonRpc.AuthenticationFailed, "Missing params");
        }

        var login = Clean.Text(call.Params.Text("login"), MaxLogin);
        if (login.Length == 0)
        {
            call.Error(JsonRpc.AuthenticationRequired, "Authentication Required");
            return false;
        }

        var token = call.Params.Member("loginParams").Text("xui_sessid") ?? "";
        var password = call.Params.Text("passwd") ?? "";
        if (password.Length == 0 && token.Length == 0)
        {
            return Fail(call, login, "Missing passwd");
        }

        if (!context.Logins.Allows(session.Remote.Address))
        {
            context.Host.Count("logins_limited");
            call.Error(JsonRpc.AuthenticationFailed, "Authentication Failure");
            context.Sessions.Close(session);
            return false;
        }

        if (password.Length > MaxPassword || token.Length > MaxPassword)
        {
            return Fail(call, login, "Authentication Failure");
        }

        if (!TryProve(login, password, token, out var proof, out var reason))
        {
            return Fail(call, login, reason);
        }

        if (session.Id.Length > 0 && UserIdOf(proof) != session.UserId)
        {
            // A socket is one user's for its life; calls and channels hang on it.
            return Fail(call, login, "Authentication Failure");
        }

        return TryBind(call, proof);
    }

    /// <summary>Tells the directory that the user can be reached on this socket, or goes on being so.</summary>
    public void Register(VertoSession session)
    {
        session.RenewAt = DateTimeOffset.MaxValue;
        if (session.Number.Length == 0 || context.Host.Directory.FindUser(session.Number, session.Domain) is not { } user)
        {
            return;
        }

        session.RenewAt = context.Now + Renewal;
        var registration = new Registration(user.Number, user.Domain, VertoPlugin.Endpoint, context.ProfileOf(session.Listener), session.Id)
        {
            Media = MediaProfile.WebRtc,
            Expires = context.Now + Lease,
            CallId = session.Id,
            Sequence = context.Now.ToUnixTimeMilliseconds(),
            UserAgent = session.UserAgent,
            Transport = session.IsSecure ? TransportKind.Wss : TransportKind.Ws,
            Remote = session.Remote,
            ListenerName = context.Listeners.FirstOrDefault(l => l.Id == session.Listener)?.Name ?? "",
            Connection = session.Connection,
        };
        context.Host.Directory.Register(user, [registration], out var outcome);
        if (outcome == RegisterOutcome.TooMany)
        {
            context.Host.Log(PluginLogLevel.Warning, default, $"User {session.UserId} is logged in on more sockets than a user may have contacts; the one from {session.Remote} does not ring");
        }
    }

    private static string UserIdOf(Proof proof) => proof.User is { } user ? user.Number + "@" + user.Domain : "root";

    private bool TryProve(string login, string password, string token, out Proof proof, out string reason)
    {
        proof = null!;
        reason = "Authentication Failure";
        if (login == "root" && context.Options.RootPassword.Length > 0)
        {
            proof = new Proof(null, null, true);
            return IsSame(password, context.Options.RootPassword);
        }

        var at = login.IndexOf('@', StringComparison.Ordinal);
        var number = at < 0 ? login : login[..at];
        var domain = context.Options.ForceDomain.Length > 0 ? context.Options.ForceDomain : at < 0 ? "" : login[(at + 1)..];
        if (number.Length == 0 || domain.Length == 0)
        {
            reason = "Missing or improper credentials";
            return false;
        }

        if (context.Host.Directory.FindUser(number, domain) is not { } user)
        {
            reason = "Login Incorrect";
            return false;
        }

        TokenGrant? grant = null;
        if (token.Length > 0)
        {
            grant = context.Host.Directory.FindToken(token);
            if (grant is null || grant.User.Number != user.Number || grant.User.Domain != user.Domain)
            {
                return false;
            }
        }
        else if (!IsPassword(user, password))
        {
            return false;
        }

        if (!May(user.Permissions, "webrtc") || (grant is not null && !May(grant.Permissions, "webrtc")))
        {
            reason = "Login Incorrect";
            return false;
        }

        proof = new Proof(user, grant, false);
        return true;
    }

    /// <summary>A user whose entry lists nothing may do everything that users may.</summary>
    private static bool May(IReadOnlySet<string> permissions, string name) => permissions.Count == 0 || permissions.Contains(name);

    private bool IsPassword(DirectoryUser user, string password)
    {
        var text = Encoding.UTF8.GetBytes($"{user.Number}:{context.Host.Directory.Domain}:{password}");
        if (user.Ha1Sha256.Length > 0)
        {
            return IsSame(Convert.ToHexStringLower(SHA256.HashData(text)), user.Ha1Sha256);
        }

#pragma warning disable CA5351 // a directory may hold nothing but the HA1 of SIP's digest (RFC 7616), which is MD5
        return user.Ha1Md5.Length > 0 && IsSame(Convert.ToHexStringLower(MD5.HashData(text)), user.Ha1Md5);
#pragma warning restore CA5351
    }

    private static bool IsSame(string a, string b) => CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(a)), SHA256.HashData(Encoding.UTF8.GetBytes(b)));

    private bool TryBind(in RpcCall call, Proof proof)
    {
        var session = call.Session;
        var userId = UserIdOf(proof);
        var wanted = call.Params.Text("sessid") ?? "";
        var id = session.Id.Length > 0 ? session.Id : wanted.Length is > 0 and <= MaxSessionId && wanted == Clean.Text(wanted, MaxSessionId) ? wanted : context.NewUuid();
        var old = context.Sessions.Find(id);
        if (old is not null && old != session && old.UserId != userId)
        {
            Fail(call, userId, "Session in use");
            context.Sessions.Close(session);
            return false;
        }

        var isFirst = session.Id.Length == 0;
        Grant(session, proof, call.Params);
        if (!isFirst)
        {
            context.Sessions.Arm(session);
            return true;
        }

        var takesOver = old is not null && old != session;
        if (takesOver)
        {
            context.Request(old!, "verto.punt", static _ => { });
            context.Sessions.Close(old!);
        }

        context.Sessions.Bind(session, id);
        Register(session);
        context.Sessions.Arm(session);
        context.Host.Count("logins");
        Announce(session, userId, true, "Logged in");
        context.Attachments.Begin(session, takesOver);
        return true;
    }

    private void Grant(VertoSession session, Proof proof, JsonElement parameters)
    {
        session.IsAuthenticated = true;
        session.UserVariables = Variables(parameters.Member("userVariables"));
        if (proof.User is not { } user)
        {
            session.Methods = session.Channels = session.JsApi = session.FsApi = AllowList.All;
            return;
        }

        var options = context.Options;
        var permissions = proof.Grant?.Permissions ?? user.Permissions;
        var mayApi = permissions.Contains("fsapi") || permissions.Contains("admin");
        session.Number = user.Number;
        session.Domain = user.Domain;
        session.DisplayName = user.CallerIdName;
        session.Destinations = proof.Grant?.Destinations ?? [];
        var methods = Listed("jsonrpc-allowed-methods", options.Methods);
        session.Methods = mayApi ? methods.With("fsapi").With("jsapi") : methods;
        session.Channels = Listed("jsonrpc-allowed-event-channels", options.Channels);
        session.JsApi = Listed("jsonrpc-allowed-jsapi", mayApi ? AllowList.All : options.JsApi);
        session.FsApi = Listed("jsonrpc-allowed-fsapi", mayApi ? AllowList.All : options.FsApi);
        session.Expires = proof.Grant?.Expires;
        if (user.Variables.TryGetValue("login-expires", out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
        {
            var at = DateTimeOffset.FromUnixTimeSeconds(Math.Min(seconds, 253_402_300_799));
            at = at > context.Now ? at : context.Now + TimeSpan.FromSeconds(300);
            session.Expires = session.Expires < at ? session.Expires : at;
        }

        AllowList Listed(string name, AllowList otherwise) => user.Variables.TryGetValue(name, out var list) ? AllowList.Parse(list) : otherwise;
    }

    /// <summary>User variables of a login or invite: text, true and false, bounded in number and length.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Variables(JsonElement element)
    {
        var variables = new List<KeyValuePair<string, string>>();
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in element.EnumerateObject())
            {
                var value = member.Value.ValueKind switch
                {
                    JsonValueKind.String => Clean.Text(member.Value.GetString(), MaxValue),
                    JsonValueKind.True => "true",
                    JsonValueKind.False => "false",
                    JsonValueKind.Number => member.Value.GetRawText().Length <= 32 ? member.Value.GetRawText() : null,
                    JsonValueKind.Undefined or JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null or _ => null,
                };
                if (value is not null && Clean.IsName(member.Name) && variables.Count < MaxVariables)
                {
                    variables.Add(new(member.Name, value));
                }
            }
        }

        return variables;
    }

    private bool Fail(in RpcCall call, string login, string reason)
    {
        context.Host.Count("login_failures");
        if (reason is not ("Session in use" or "Missing passwd"))
        {
            context.Logins.Failed(call.Session.Remote.Address);
            context.Host.Security("auth_fail", call.Session.Remote, ("method", "login"), ("user", login), ("profile", context.ProfileOf(call.Session.Listener)), ("transport", call.Session.IsSecure ? "wss" : "ws"), ("reason", reason), ("ua", call.Session.UserAgent));
        }

        Announce(call.Session, login, false, reason);
        return Refuse(call, JsonRpc.AuthenticationFailed, reason);
    }

    private static bool Refuse(in RpcCall call, int code, string reason)
    {
        call.Error(code, reason);
        return false;
    }

    private void Announce(VertoSession session, string login, bool success, string text)
    {
        List<KeyValuePair<string, string>> headers =
        [
            new("verto_profile_name", context.ProfileOf(session.Listener)),
            new("verto_client_address", session.Remote.ToString()),
            new("verto_login", login),
            new("verto_success", success ? "1" : "0"),
            new("verto_result_txt", text),
        ];
        if (success)
        {
            headers.Insert(3, new("verto_sessid", session.Id));
        }

        context.Publish("verto::login", [.. headers]);
    }
}
