using System.Reflection;
using XSwitchEngine.Host.Configuration;

namespace XSwitchEngine.Host;

/// <summary>The program <c>xswitch</c>.</summary>
internal static class Program
{
    /// <summary>The version of this build.</summary>
    public static string Version { get; } =
        typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private static Task<int> Main(string[] arguments)
    {
        var overrides = new List<(string Path, string Value)>();
        var others = ConfigSources.SplitOverrides(arguments, overrides);
        return new Commands.CommandLine(EngineBuilder.Composition, overrides).InvokeAsync(others);
    }
}
