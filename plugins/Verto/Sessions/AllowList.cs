namespace XSwitchEngine.Plugins.Verto.Sessions;

/// <summary>Names that are allowed: a name is when it, or its part before the first dot, is listed.</summary>
internal sealed record AllowList(bool Any, IReadOnlyList<string> Names)
{
    private const string Everything = "__ANY__";

    public static AllowList All { get; } = new(true, []);

    public static AllowList None { get; } = new(false, []);

    /// <summary>As it is written in a directory: separated by commas, or by spaces when there is one.</summary>
    public string Text => Any ? Everything : string.Join(',', Names);

    /// <summary>Reads a list.</summary>
    public static AllowList Parse(string text)
    {
        var names = text.Split(text.Trim().Contains(' ', StringComparison.Ordinal) ? ' ' : ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return names.Contains(Everything) ? All : new AllowList(false, names);
    }

    /// <summary>Whether a name is allowed.</summary>
    public bool Allows(string name) => Any || Names.Contains(name) || Names.Contains(PrefixOf(name));

    /// <summary>The same list with one name more.</summary>
    public AllowList With(string name) => name == Everything ? All : Any || Names.Contains(name) ? this : new AllowList(false, [.. Names, name]);

    /// <summary>The same list without a name.</summary>
    public AllowList Without(string name) => name == Everything ? None : new AllowList(Any, [.. Names.Where(n => n != name)]);

    /// <summary>The part before the first dot.</summary>
    public static string PrefixOf(string name) => name.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? name[..dot] : name;
}
