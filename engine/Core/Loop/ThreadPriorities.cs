using System.Runtime.InteropServices;

namespace XSwitchEngine.Core.Loop;

/// <summary>Priority of threads that serve the core loop: a thread that it wakes must not put it off its processor.</summary>
/// <remarks><see cref="Thread.Priority"/> has no effect on Linux. Elsewhere nothing is changed.</remarks>
internal static partial class ThreadPriorities
{
    private const int Steps = 5;

    /// <summary>Puts the calling thread some steps below the core loop (POSIX nice value; never needs a right).</summary>
    public static void YieldToCore()
    {
        if (OperatingSystem.IsLinux())
        {
            // Linux counts a thread as a process here: 0 is the calling thread. The raw call gives 20 minus the nice value.
            var current = 20 - (int)GetPriority(0, 0);
            _ = SetPriority(0, 0, Math.Min(19, current + Steps));
        }
    }

    private static nint GetPriority(int which, int who) =>
        SystemCall(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 140 : 141, which, who);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint which, nint who);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int priority);
}
