namespace XSwitchEngine.Host.Configuration;

/// <summary>Something wrong in the configuration.</summary>
/// <param name="Origin"><c>file:line:column</c>, or which variable or argument.</param>
/// <param name="Message">What is wrong, and what would be right.</param>
internal sealed record ConfigFault(string Origin, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Origin}: {Message}";
}
