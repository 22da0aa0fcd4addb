namespace XSwitchEngine.Fuzz;

/// <summary>Changes inputs at random from a seed: the same seed makes the same inputs, so that a crash is its seed and its bytes.</summary>
/// <param name="seed">The seed.</param>
/// <param name="words">What the grammar knows: put in as a whole.</param>
internal sealed class Mutator(int seed, IReadOnlyList<byte[]> words)
{
    private const int MaxLength = 70_000;
    private static readonly byte[] Special = [0, (byte)'\r', (byte)'\n', (byte)'\t', (byte)' ', (byte)'"', (byte)'\\', (byte)'<', (byte)'>', (byte)';', (byte)',', (byte)':', (byte)'=', (byte)'@', (byte)'%', (byte)'[', (byte)']', 0x7f, 0x80, 0xff];
    private readonly Random _random = new(seed);

    /// <summary>One more input out of those that there are.</summary>
    public byte[] Next(IReadOnlyList<byte[]> corpus)
    {
        var data = new List<byte>(corpus[_random.Next(corpus.Count)]);
        for (var i = _random.Next(1, 8); i > 0; i--)
        {
            Change(data, corpus);
        }

        if (data.Count > MaxLength)
        {
            data.RemoveRange(MaxLength, data.Count - MaxLength);
        }

        return [.. data];
    }

    private void Change(List<byte> data, IReadOnlyList<byte[]> corpus)
    {
        var at = _random.Next(data.Count + 1);
        switch (_random.Next(10))
        {
            case 0 when data.Count > 0:
                data[at % data.Count] = (byte)_random.Next(256);
                break;
            case 1:
                data.Insert(at, Special[_random.Next(Special.Length)]);
                break;
            case 2 when data.Count > 0:
                data[at % data.Count] = Special[_random.Next(Special.Length)];
                break;
            case 3 when at < data.Count:
                data.RemoveRange(at, Math.Min(data.Count - at, _random.Next(1, 40)));
                break;
            case 4 when at < data.Count:
                var piece = data.GetRange(at, Math.Min(data.Count - at, _random.Next(1, 60)));
                for (var n = _random.Next(4) == 0 ? _random.Next(300) : 1; n > 0 && data.Count < MaxLength; n--)
                {
                    data.InsertRange(at, piece);
                }

                break;
            case 5:
                data.InsertRange(at, words[_random.Next(words.Count)]);
                break;
            case 6:
                data.InsertRange(at, System.Text.Encoding.ASCII.GetBytes(_random.Next(4) switch { 0 => "-1", 1 => "4294967296", 2 => "99999999999999999999", _ => _random.Next().ToString(System.Globalization.CultureInfo.InvariantCulture) }));
                break;
            case 7:
                var other = corpus[_random.Next(corpus.Count)];
                var from = _random.Next(other.Length + 1);
                data.InsertRange(at, other[from..Math.Min(other.Length, from + _random.Next(200))]);
                break;
            case 8:
                data.RemoveRange(at, data.Count - at);
                break;
            default:
                if (data.Count > 0)
                {
                    data[at % data.Count] ^= (byte)(1 << _random.Next(8));
                }

                break;
        }
    }
}
