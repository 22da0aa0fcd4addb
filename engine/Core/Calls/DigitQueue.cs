namespace XSwitchEngine.Core.Calls;

/// <summary>Digits received and not yet taken: at most <see cref="Limit"/>, the oldest go first. Core loop only.</summary>
internal sealed class DigitQueue
{
    public const int Limit = 512;
    private Queue<(char Digit, int DurationMs)>? _digits;

    public int Count => _digits?.Count ?? 0;

    public void Add(char digit, int durationMs)
    {
        _digits ??= new();
        if (_digits.Count >= Limit)
        {
            _digits.Dequeue();
        }

        _digits.Enqueue((digit, durationMs));
    }

    public bool TryTake(out char digit, out int durationMs)
    {
        if (_digits is not null && _digits.TryDequeue(out var item))
        {
            (digit, durationMs) = item;
            return true;
        }

        (digit, durationMs) = ('\0', 0);
        return false;
    }

    public void Clear() => _digits?.Clear();
}
