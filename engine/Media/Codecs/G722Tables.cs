using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace XSwitchEngine.Media.Codecs;

/// <summary>Constants of ITU-T G.722; the names are those of the Recommendation's tables and blocks.</summary>
/// <remarks>Arrays, since a span over constants is made anew at each use in code that the JIT has not optimised yet.</remarks>
internal static class G722Tables
{
    /// <summary>Decision levels of the 6-bit quantiser of the lower band (Q6).</summary>
    public static readonly int[] Q6 =
    [
        0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714,
        786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
    ];

    /// <summary>Codes for negative differences by decision interval (ILN).</summary>
    public static readonly byte[] Iln =
    [
        0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4,
    ];

    /// <summary>Codes for the others (ILP).</summary>
    public static readonly byte[] Ilp =
    [
        0, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32,
    ];

    /// <summary>Output of the 6-bit inverse quantiser (QQ6 with sign), by code.</summary>
    public static readonly short[] Qm6 =
    [
        -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
        -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
        24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
        4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
    ];

    /// <summary>Output of the 4-bit inverse quantiser (QQ4 with sign).</summary>
    public static readonly short[] Qm4 =
    [
        0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0,
    ];

    /// <summary>Output of the 2-bit inverse quantiser of the higher band (QQ2 with sign).</summary>
    public static readonly short[] Qm2 = [-7408, -1616, 7408, 1616];

    /// <summary>Log scale factor multipliers of the lower band (WL), by the 4-bit code.</summary>
    public static readonly short[] WlByCode = [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];

    /// <summary>Log scale factor multipliers of the higher band (WH), by the 2-bit code.</summary>
    public static readonly short[] WhByCode = [798, -214, 798, -214];

    /// <summary>Inverse logarithm (ILB).</summary>
    public static readonly short[] Ilb =
    [
        2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
        2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
    ];

    private static readonly int[] Half = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

    /// <summary>The 24-tap quadrature mirror filter for the sum of both polyphase branches: the lower band.</summary>
    public static readonly int[] SumFilter = Interleave(even: 1, odd: 1);

    /// <summary>The same for their difference: the higher band.</summary>
    public static readonly int[] DifferenceFilter = Interleave(even: 1, odd: -1);

    /// <summary>The branch of the odd places alone.</summary>
    public static readonly int[] EvenFilter = Interleave(even: 1, odd: 0);

    /// <summary>The branch of the even places alone.</summary>
    public static readonly int[] OddFilter = Interleave(even: 0, odd: 1);

    /// <summary>Applies a 24-tap filter; integer sums are the same in any order.</summary>
    public static int Apply(ReadOnlySpan<int> x, int[] filter)
    {
        ref var from = ref MemoryMarshal.GetReference(x[..24]);
        ref var taps = ref MemoryMarshal.GetArrayDataReference(filter);
        var sum = Vector256.LoadUnsafe(ref from) * Vector256.LoadUnsafe(ref taps);
        sum += Vector256.LoadUnsafe(ref from, 8) * Vector256.LoadUnsafe(ref taps, 8);
        sum += Vector256.LoadUnsafe(ref from, 16) * Vector256.LoadUnsafe(ref taps, 16);
        return Vector256.Sum(sum);
    }

    private static int[] Interleave(int even, int odd)
    {
        var filter = new int[24];
        for (var i = 0; i < 12; i++)
        {
            filter[2 * i] = odd * Half[i];
            filter[(2 * i) + 1] = even * Half[11 - i];
        }

        return filter;
    }
}
