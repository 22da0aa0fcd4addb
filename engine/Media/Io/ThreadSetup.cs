using static XSwitchEngine.Media.Io.LinuxNative;

namespace XSwitchEngine.Media.Io;

/// <summary>Priority and processor of the calling thread, as far as the system permits.</summary>
internal static unsafe class ThreadSetup
{
    private const int MaskBytes = 128;

    /// <summary>Sets up the calling thread.</summary>
    /// <param name="nice">Wanted priority; the nearest that is permitted is taken. Null leaves it.</param>
    /// <param name="number">Which of the permitted processors, counted from the last; −1 leaves it.</param>
    public static void Apply(int? nice, int number)
    {
        // Linux counts a thread as a process here: 0 is the calling thread.
        for (var wanted = nice ?? 0; wanted < 0 && setpriority(0, 0, wanted) != 0; wanted++)
        {
        }

        if (number < 0)
        {
            return;
        }

        var mask = stackalloc byte[MaskBytes];
        var length = sched_getaffinity(0, MaskBytes, mask);
        if (length <= 0)
        {
            return;
        }

        Span<int> allowed = stackalloc int[MaskBytes * 8];
        var count = 0;
        for (var processor = 0; processor < length * 8; processor++)
        {
            if ((mask[processor / 8] >> (processor % 8) & 1) != 0)
            {
                allowed[count++] = processor;
            }
        }

        if (count < 2)
        {
            return;
        }

        var chosen = allowed[count - 1 - (number % count)];
        new Span<byte>(mask, MaskBytes).Clear();
        mask[chosen / 8] = (byte)(1 << (chosen % 8));
        _ = sched_setaffinity(0, MaskBytes, mask);
    }
}
