namespace XSwitchEngine.Core.Plugins;

/// <summary>Decides when a plugin has failed too often. Counts in tenths of a window, so nothing grows with the number of events. One loop only.</summary>
/// <param name="threshold">Faults that are too many.</param>
/// <param name="window">The time in which they count.</param>
internal sealed class FaultGate(int threshold, TimeSpan window)
{
    private const int Slices = 10;
    private readonly int[] _faults = new int[Slices];
    private readonly long[] _events = new long[Slices];
    private long _slice;

    /// <summary>Faults in the window.</summary>
    public int Faults => _faults.Sum();

    /// <summary>Notes an event.</summary>
    public void OnEvent(DateTimeOffset now)
    {
        Turn(now);
        _events[_slice % Slices]++;
    }

    /// <summary>Notes that the event noted last failed.</summary>
    /// <returns>Whether there were too many faults, and at least half of all events failed: one bad message in many must not stop the rest.</returns>
    public bool OnFault(DateTimeOffset now)
    {
        Turn(now);
        _faults[_slice % Slices]++;
        var faults = Faults;
        return faults >= threshold && faults * 2L >= _events.Sum();
    }

    /// <summary>Forgets all: another version is in force.</summary>
    public void Reset()
    {
        Array.Clear(_faults);
        Array.Clear(_events);
    }

    private void Turn(DateTimeOffset now)
    {
        var slice = now.UtcTicks / (window.Ticks / Slices);
        if (slice == _slice)
        {
            return;
        }

        if (slice < _slice || slice - _slice >= Slices)
        {
            Reset();
        }
        else
        {
            for (var at = _slice + 1; at <= slice; at++)
            {
                _faults[at % Slices] = 0;
                _events[at % Slices] = 0;
            }
        }

        _slice = slice;
    }
}
