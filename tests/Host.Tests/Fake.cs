using System.Reflection;

namespace XSwitchEngine.Host.Tests;

/// <summary>Implements an interface by delegates; a member that a test did not give is a failure that names it.</summary>
public class Fake : DispatchProxy
{
    private Dictionary<string, Func<object?[], object?>> _members = [];

    public static T Of<T>(params (string Name, Func<object?[], object?> Body)[] members)
        where T : class
    {
        var proxy = Create<T, Fake>();
        ((Fake)(object)proxy)._members = members.ToDictionary(m => m.Name, m => m.Body);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var name = targetMethod!.Name.StartsWith("get_", StringComparison.Ordinal) ? targetMethod.Name[4..] : targetMethod.Name;
        return _members.TryGetValue(name, out var body)
            ? body(args ?? [])
            : throw new InvalidOperationException($"{targetMethod.DeclaringType!.Name}.{name} was not expected");
    }
}
