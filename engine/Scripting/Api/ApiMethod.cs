namespace XSwitchEngine.Scripting.Api;

/// <summary>Body of an API method: pushes a <see cref="ReplyCode"/> and what follows it, and says how many values that were.</summary>
internal delegate int ApiHandler(in ApiCall call);

/// <summary>A method or function of the scripting API, as scripts see it.</summary>
/// <param name="Class">Its class in error messages; empty for a plain function.</param>
/// <param name="Name">Its name.</param>
/// <param name="Signature">A letter for each argument after the object: <c>s</c> string or nil, <c>i</c> integer, <c>b</c> boolean, <c>o</c> session or nil; optional ones after <c>|</c>.</param>
/// <param name="Handler">What it does.</param>
/// <param name="OnSession">Whether the object is a session.</param>
internal sealed record ApiMethod(string Class, string Name, string Signature, ApiHandler Handler, bool OnSession)
{
    /// <summary>Letters of all arguments.</summary>
    public string Arguments { get; } = Signature.Replace("|", "", StringComparison.Ordinal);

    /// <summary>Fewest arguments, the object included.</summary>
    public int Least { get; } = (Signature.IndexOf('|') is var bar and >= 0 ? bar : Signature.Length) + (OnSession ? 1 : 0);

    /// <summary>Most arguments, the object included.</summary>
    public int Most { get; } = Signature.Replace("|", "", StringComparison.Ordinal).Length + (OnSession ? 1 : 0);

    /// <summary>Whether the hangup hook runs before it when it is due.</summary>
    public bool ChecksHook { get; init; }

    /// <summary>Whether digits go to the input callback while it waits.</summary>
    public bool TakesInput { get; init; }

    /// <summary>Its name in error messages.</summary>
    public string FullName { get; } = Class.Length == 0 ? Name : Class + "::" + Name;

    /// <summary>Name of an argument's type in error messages.</summary>
    public static string TypeName(char letter) => letter switch
    {
        's' => "char *",
        'i' => "int",
        'b' => "bool",
        _ => "CoreSession *",
    };
}
