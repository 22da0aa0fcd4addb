namespace XSwitchEngine.Plugins.Sip;

/// <summary>What a host timer or lookup belongs to. The numbers are part of exported state.</summary>
internal enum TimerKind : byte
{
    None = 0,
    Transaction = 1,
    Leg = 2,
    Connection = 3,
    Ping = 4,
    Lookup = 5,
    Gateway = 6,
    Subscription = 7,
    Chat = 8,
}

/// <summary>Keys of timers and lookups: the kind in the low four bits, the owner's number above.</summary>
internal static class TimerKey
{
    public static long Make(TimerKind kind, long owner) => (owner << 4) | (long)kind;

    public static TimerKind Kind(long key) => (TimerKind)(key & 15);

    public static long Owner(long key) => key >> 4;
}
