using System.Text;
using XSwitchEngine.Core;

namespace XSwitchEngine.Host.Configuration;

/// <summary>What a reload changes in a running engine, and what only a restart can.</summary>
internal static class LiveOptions
{
    private static readonly string[] Live =
    [
        "Engine:Users", "Engine:Groups", "Engine:DomainAliases", "Engine:Codecs", "Engine:MaxSessions", "Engine:MaxSessionsPerSecond", "Engine:OverloadQueueLength",
        "Engine:OriginateTimeoutSeconds", "Engine:DrainSeconds", "Engine:ProfileContexts", "Engine:Variables", "Engine:AllowSystem", "Engine:DialplanScript", "Log",
    ];

    /// <summary>Copies the options that may change while the engine runs; each is one reference or number that readers take as a whole.</summary>
    /// <param name="from">The new options.</param>
    /// <param name="to">Those in force.</param>
    public static void Apply(EngineOptions from, EngineOptions to)
    {
        to.Users = from.Users;
        to.Groups = from.Groups;
        to.DomainAliases = from.DomainAliases;
        to.Codecs = from.Codecs;
        to.MaxSessions = from.MaxSessions;
        to.OverloadQueueLength = from.OverloadQueueLength;
        to.MaxSessionsPerSecond = from.MaxSessionsPerSecond;
        to.OriginateTimeoutSeconds = from.OriginateTimeoutSeconds;
        to.DrainSeconds = from.DrainSeconds;
        to.ProfileContexts = from.ProfileContexts;
        to.Variables = from.Variables;
        to.AllowSystem = from.AllowSystem;
        to.DialplanScript = from.DialplanScript;
    }

    /// <summary>The plan of a reload: <c>+</c> new, <c>~</c> changed, <c>-</c> gone, each by its key and never with its value, then the count of unchanged ones.</summary>
    /// <param name="old">Values in force.</param>
    /// <param name="now">New values.</param>
    /// <param name="livePlugins">Plugins that take a new section while they run.</param>
    public static string Plan(IReadOnlyDictionary<string, string> old, IReadOnlyDictionary<string, string> now, IReadOnlyCollection<string> livePlugins)
    {
        var plan = new StringBuilder();
        var unchanged = 0;
        foreach (var key in old.Keys.Union(now.Keys, StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase))
        {
            var before = old.GetValueOrDefault(key);
            var after = now.GetValueOrDefault(key);
            if (before == after)
            {
                unchanged++;
                continue;
            }

            plan.Append(before is null ? "+ " : after is null ? "- " : "~ ").Append(key).Append(IsLive(key, livePlugins) ? "\n" : " (at the next start)\n");
        }

        return plan.Append("= ").Append(unchanged).Append(" unchanged\n").ToString();
    }

    private static bool IsLive(string key, IReadOnlyCollection<string> livePlugins) =>
        Live.Any(l => key.Equals(l, StringComparison.OrdinalIgnoreCase) || key.StartsWith(l + ":", StringComparison.OrdinalIgnoreCase))
        || livePlugins.Any(p => key.StartsWith(p + ":", StringComparison.OrdinalIgnoreCase));
}
