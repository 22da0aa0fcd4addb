namespace XSwitchEngine.Plugins.Verto;

/// <summary>What a timer, submitted message or API command of the host belongs to. The numbers are part of exported state.</summary>
internal enum TimerKind : byte
{
    None = 0,
    Session = 1,
    Leg = 2,
    Reply = 3,
    SpeedTest = 4,
    Attach = 5,
    Digits = 6,
    Presence = 7,
}

/// <summary>Keys of timers: the kind in the low three bits, the owner's number above.</summary>
internal static class TimerKey
{
    public static long Make(TimerKind kind, long owner) => (owner << 3) | (long)kind;

    public static TimerKind Kind(long key) => (TimerKind)(key & 7);

    public static long Owner(long key) => key >> 3;
}
