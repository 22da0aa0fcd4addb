namespace XSwitchEngine.Scripting.Text;

/// <summary>Placeholder of the pass that keeps integral results of arithmetic integral.</summary>
internal static class IntegralArithmetic
{
    /// <summary>Name of the function that the rewritten source calls.</summary>
    public static ReadOnlySpan<byte> FunctionName => "_integral"u8;

    /// <summary>Rewrites a chunk.</summary>
    public static byte[] Rewrite(ReadOnlySpan<byte> source) => source.ToArray();
}
