using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace XSwitchEngine.Media.Audio;

/// <summary>Sums the frames of a room once and gives each member the sum without its own.</summary>
internal static class Mixer
{
    /// <summary>Mixes by columns: the sum of some samples stays in registers while it passes over all members.</summary>
    /// <param name="heard">The members' frames, one after another.</param>
    /// <param name="mixes">Takes the same number of frames.</param>
    /// <param name="frame">Samples in a frame.</param>
    public static void MixMinus(ReadOnlySpan<short> heard, Span<short> mixes, int frame)
    {
        mixes = mixes[..heard.Length];
        var done = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            done = Mix512(heard, mixes, frame);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            done = Mix256(heard, mixes, frame);
        }

        MixScalar(heard, mixes, frame, done);
    }

    /// <summary>The same without vectors, from a column on.</summary>
    internal static void MixScalar(ReadOnlySpan<short> heard, Span<short> mixes, int frame, int from)
    {
        for (var column = from; column < frame; column++)
        {
            var sum = 0;
            for (var i = column; i < heard.Length; i += frame)
            {
                sum += heard[i];
            }

            for (var i = column; i < heard.Length; i += frame)
            {
                mixes[i] = (short)Math.Clamp(sum - heard[i], short.MinValue, short.MaxValue);
            }
        }
    }

    private static int Mix512(ReadOnlySpan<short> heard, Span<short> mixes, int frame)
    {
        ref var from = ref MemoryMarshal.GetReference(heard);
        ref var to = ref MemoryMarshal.GetReference(mixes);
        var column = 0;
        for (; column + 32 <= frame; column += 32)
        {
            var low = Vector512<int>.Zero;
            var high = Vector512<int>.Zero;
            for (var i = column; i < heard.Length; i += frame)
            {
                var (a, b) = Vector512.Widen(Vector512.LoadUnsafe(ref from, (nuint)i));
                low += a;
                high += b;
            }

            for (var i = column; i < heard.Length; i += frame)
            {
                var (a, b) = Vector512.Widen(Vector512.LoadUnsafe(ref from, (nuint)i));
                Vector512.NarrowWithSaturation(low - a, high - b).StoreUnsafe(ref to, (nuint)i);
            }
        }

        return column;
    }

    private static int Mix256(ReadOnlySpan<short> heard, Span<short> mixes, int frame)
    {
        ref var from = ref MemoryMarshal.GetReference(heard);
        ref var to = ref MemoryMarshal.GetReference(mixes);
        var column = 0;
        for (; column + 16 <= frame; column += 16)
        {
            var low = Vector256<int>.Zero;
            var high = Vector256<int>.Zero;
            for (var i = column; i < heard.Length; i += frame)
            {
                var (a, b) = Vector256.Widen(Vector256.LoadUnsafe(ref from, (nuint)i));
                low += a;
                high += b;
            }

            for (var i = column; i < heard.Length; i += frame)
            {
                var (a, b) = Vector256.Widen(Vector256.LoadUnsafe(ref from, (nuint)i));
                Vector256.NarrowWithSaturation(low - a, high - b).StoreUnsafe(ref to, (nuint)i);
            }
        }

        return column;
    }
}
