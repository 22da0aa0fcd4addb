namespace XSwitchEngine.Conformance.Tests.Media;

/// <summary>Named values in hexadecimal, one a line.</summary>
internal sealed class VectorFile
{
    private readonly Dictionary<string, byte[]> _values = [];

    public VectorFile(string name)
    {
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "vectors", name, "vectors.txt")))
        {
            if (line.Length > 0 && line[0] != '#')
            {
                var at = line.IndexOf('=', StringComparison.Ordinal);
                _values.Add(line[..at].Trim(), Convert.FromHexString(line[(at + 1)..].Replace(" ", "", StringComparison.Ordinal)));
            }
        }
    }

    public byte[] this[string name] => [.. _values[name]];
}
