namespace XSwitchEngine.Architecture.Tests;

/// <summary>What keeps a plugin from being deterministic, or its load context in memory, is not in its code.</summary>
public sealed class PluginTests
{
    private static readonly string[] BannedTypes =
    [
        "System.Threading.Thread", "System.Threading.ThreadPool", "System.Threading.Timer", "System.Timers.Timer", "System.Threading.PeriodicTimer", "System.Threading.AsyncLocal`1",
        "System.Threading.ThreadLocal`1", "System.Threading.Tasks.Task", "System.Threading.Tasks.Task`1", "System.Threading.Tasks.Parallel", "System.Diagnostics.Metrics.Meter",
        "System.Diagnostics.Process", "System.IO.File", "System.IO.FileStream", "System.IO.Directory", "System.Console", "System.Random", "System.Diagnostics.Stopwatch",
        "System.Security.Cryptography.RandomNumberGenerator", "System.Net.Http.HttpClient", "System.Net.Dns", "System.ComponentModel.TypeDescriptor", "System.Xml.Serialization.XmlSerializer",
    ];

    private static readonly string[] BannedNamespaces = ["System.Net.Sockets.", "System.Net.WebSockets.", "MessagePack.Resolvers.", "System.Reflection.Emit.", "Microsoft.CSharp.RuntimeBinder."];

    private static readonly string[] BannedMembers =
    [
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow", "System.Guid.NewGuid", "System.Environment.get_TickCount64",
        "MessagePack.MessagePackSerializer.Serialize", "MessagePack.MessagePackSerializer.Deserialize", "System.TimeProvider.get_System", "System.AppDomain.get_CurrentDomain",
    ];

    public static TheoryData<string> Plugins() => [.. House.Assemblies.Where(a => Path.GetFileName(a).StartsWith("XSwitchEngine.Plugins.", StringComparison.Ordinal)).Select(a => Path.GetFileName(a)!)];

    [Theory]
    [MemberData(nameof(Plugins))]
    public void A_plugin_has_no_threads_tasks_timers_clocks_sockets_files_or_randomness_of_its_own(string plugin)
    {
        var used = House.TypesUsedBy(At(plugin));
        House.AssertNone(used.Intersect(BannedTypes));
        House.AssertNone(used.Where(t => BannedNamespaces.Any(n => t.StartsWith(n, StringComparison.Ordinal))));
        House.AssertNone(House.MembersUsedBy(At(plugin)).Intersect(BannedMembers));
    }

    // Two generations of a plugin live beside each other during a swap: what one keeps in a static the other would miss.
    [Theory]
    [MemberData(nameof(Plugins))]
    public void A_plugin_keeps_no_state_in_statics(string plugin) => House.AssertNone(House.MutableStaticsOf(At(plugin)));

    // The test of the test: what is banned is found where it is allowed.
    [Fact]
    public void The_host_is_seen_to_use_what_a_plugin_may_not()
    {
        var host = At("xswitch.dll");
        Assert.Contains("System.Threading.Thread", House.TypesUsedBy(host));
        Assert.Contains("System.IO.File", House.TypesUsedBy(host));
        Assert.Contains(House.TypesUsedBy(host), t => t.StartsWith("System.Net.Sockets.", StringComparison.Ordinal));
        Assert.Contains("System.TimeProvider.get_System", House.MembersUsedBy(host));
    }

    private static string At(string assembly) => Path.Combine(AppContext.BaseDirectory, assembly);
}
