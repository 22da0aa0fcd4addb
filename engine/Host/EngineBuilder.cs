namespace XSwitchEngine.Host;

/// <summary>Puts the parts of the engine together.</summary>
internal static class EngineBuilder
{
    /// <summary>The parts as they are in a release.</summary>
    public static Composition Composition { get; } = new(
        _ => throw new InvalidDataException("this build has no engine"),
        _ => new PluginCatalog([], []),
        _ => []);
}
