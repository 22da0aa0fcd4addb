namespace XSwitchEngine.Integration.Tests;

/// <summary>Where things are in a checkout.</summary>
internal static class Repo
{
    public static string Root { get; } = FindRoot();

    /// <summary>The build configuration of the tests, which is that of the engine beside them.</summary>
    public static string Configuration { get; } = Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)))!;

    public static string EngineDll { get; } = Path.Combine(Root, "engine", "Host", "bin", Configuration, "net10.0", "xswitch.dll");

    public static string Scenario(string name) => Path.Combine(Root, "tests", "Integration.Tests", "sipp", name + ".xml");

    /// <summary>The scenarios that stand beside the load tests.</summary>
    public static string Scenarios { get; } = Path.Combine(Root, "tests", "load", "sipp", "scenarios");

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "XSwitchEngine.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("The tests do not run within a checkout.");
    }
}
