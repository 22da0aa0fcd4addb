using System.Globalization;
using System.Reflection;

namespace XSwitchEngine.Core.Calls.Api;

/// <summary>API commands about the engine as a whole, its users and global variables.</summary>
internal sealed class StatusCommands(CallCore core, DateTimeOffset startTime)
{
    private static readonly string Version =
        (typeof(StatusCommands).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0").Split('+')[0];

    public void AddTo(ApiTable table)
    {
        table.Add("status", _ => Status());
        table.Add("version", text => text == "short" ? Version : $"XSwitchEngine Version {Version} ({RuntimeName})\n");
        table.Add("uptime", text => Uptime(text));
        table.Add("hostname", _ => core.Services.Globals["hostname"] ?? "");
        table.Add("switchname", _ => core.Services.Globals["switchname"] ?? "");
        table.Add("global_getvar", GlobalGet);
        table.Add("global_setvar", text =>
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            core.Services.Globals.Set(equals < 0 ? text : text[..equals], equals < 0 ? null : text[(equals + 1)..]);
            return "+OK";
        });
        table.Add("user_exists", UserExists);
        table.Add("user_data", UserData);
        table.Add("list_users", _ => ListUsers());
        table.Add("domain_exists", text => core.Services.Directory.IsLocalDomain(text) ? "true" : "false");
        table.Add("module_exists", ModuleExists);
        table.Add("reloadxml", _ =>
        {
            core.Services.Scripts.Reload();
            return "+OK [Success]\n";
        });
        table.Add("log", text =>
        {
            var words = Arguments.Split(text, 2);
            LogLevels.Write(core.Services.Log, LogLevels.Parse(words.FirstOrDefault() ?? ""), "-", "log", words.ElementAtOrDefault(1) ?? "");
            return "+OK\n";
        });
    }

    private static string RuntimeName => $".NET {Environment.Version} 64bit";

    private string Status()
    {
        var up = core.Services.Loop.Now - startTime;
        var options = core.Services.Options;
        var rate = options.MaxSessionsPerSecond == 0 ? "unlimited" : options.MaxSessionsPerSecond.ToString(CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"UP {Years(up)}, {up.Days % 365} day{S(up.Days % 365)}, {up.Hours} hour{S(up.Hours)}, {up.Minutes} minute{S(up.Minutes)}, {up.Seconds} second{S(up.Seconds)}, {up.Milliseconds} millisecond{S(up.Milliseconds)}, {up.Microseconds} microsecond{S(up.Microseconds)}\n")
            + $"XSwitchEngine (Version {Version} {RuntimeName}) is {(core.IsDraining ? "draining" : "ready")}\n"
            + $"{core.Total} session(s) since startup\n"
            + $"{core.Table.Count} session(s) - peak {core.Table.Peak}, last 5min {core.Table.Peak} \n"
            + $"{core.PerSecond} session(s) per Sec out of max {rate}, peak {core.PeakPerSecond}, last 5min {core.PeakPerSecond} \n"
            + $"{options.MaxSessions} session(s) max\n"
            + "min idle cpu 0.00/0.00\n";
    }

    private static string Years(TimeSpan up) => $"{up.Days / 365} year{S(up.Days / 365)}";

    private static string S(int count) => count == 1 ? "" : "s";

    private string Uptime(string unit)
    {
        var up = core.Services.Loop.Now - startTime;
        return ((long)(unit switch
        {
            "ms" => up.TotalMilliseconds,
            "us" => up.TotalMicroseconds,
            "m" => up.TotalMinutes,
            "h" => up.TotalHours,
            "d" => up.TotalDays,
            _ => up.TotalSeconds,
        })).ToString(CultureInfo.InvariantCulture);
    }

    private string GlobalGet(string name) =>
        name.Length > 0 ? core.Services.Globals[name] ?? "" : string.Concat(core.Services.Globals.Snapshot.Select(p => $"{p.Key}={p.Value}\n"));

    private string UserExists(string text)
    {
        var words = Arguments.Split(text);
        return words.Count >= 3 && words[0] == "id" && core.Services.Directory.FindUser(words[1], words[2]) is not null ? "true" : "false";
    }

    private string UserData(string text)
    {
        var words = Arguments.Split(text, 3);
        var parts = (words.ElementAtOrDefault(0) ?? "").Split('@', 2);
        if (words.Count < 3 || core.Services.Directory.FindUser(parts[0], parts.ElementAtOrDefault(1) ?? core.Services.Directory.Domain) is not { } user)
        {
            return "";
        }

        return words[1] switch
        {
            "var" => words[2] switch
            {
                "user_context" => user.Context,
                "effective_caller_id_name" => user.CallerIdName,
                "effective_caller_id_number" => user.CallerIdNumber.Length > 0 ? user.CallerIdNumber : user.Number,
                _ => user.Variables.GetValueOrDefault(words[2]) ?? "",
            },
            "attr" => words[2] is "id" ? user.Number : words[2] is "domain" ? user.Domain : "",
            "param" => words[2] is "dial-string" ? $"user/{user.Number}@{user.Domain}" : "",        // secrets are no parameters here
            _ => "",
        };
    }

    private string ListUsers() => "userid|context|domain|group|contact|callgroup|effective_caller_id_name|effective_caller_id_number\n"
        + string.Concat(core.Services.Directory.Users.Select(u =>
            $"{u.Number}|{u.Context}|{u.Domain}|default|{Contact(u)}||{u.CallerIdName}|{(u.CallerIdNumber.Length > 0 ? u.CallerIdNumber : u.Number)}\n"))
        + "\n+OK\n";

    private string Contact(Abstractions.DirectoryUser user) =>
        core.Services.Directory.Registrations(user) is { Count: > 0 } bindings ? bindings[0].Contact : "error/user_not_registered";

    private string ModuleExists(string name)
    {
        name = name.Trim();
        var plain = name.StartsWith("mod_", StringComparison.Ordinal) ? name[4..] : name;
        string[] inside = ["dptools", "commands", "lua", "loopback", "tone_stream", "sndfile"];
        return inside.Contains(plain) || core.Services.Plugins.Status.Any(p => p.Name == plain || (plain == "sofia" && p.Name == "sip")) ? "true" : "false";
    }
}
