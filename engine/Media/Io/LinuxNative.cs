using System.Runtime.InteropServices;

namespace XSwitchEngine.Media.Io;

/// <summary>The system calls of the epoll backend; blittable and without SetLastError, since errno is read only where it matters.</summary>
internal static unsafe partial class LinuxNative
{
    public const int AfInet = 2, AfInet6 = 10, SockDgramNonblockCloexec = 2 | 0x800 | 0x80000;
    public const int EpollIn = 1, EpollEdge = 1 << 31, EpollAdd = 1, EpollDelete = 2;
    public const int Eagain = 11, EaddrInUse = 98, Eintr = 4;
    public const int ClockMonotonic = 1, NonblockCloexec = 0x80800;
    public const int SolIp = 0, IpTos = 1, SolIpv6 = 41, Ipv6Class = 67, SolSocket = 1, ReceiveBuffer = 8, ReceiveBufferForce = 33;

    [LibraryImport("libc")]
    public static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc")]
    public static partial int bind(int fd, byte* address, uint length);

    [LibraryImport("libc")]
    public static partial int getsockname(int fd, byte* address, uint* length);

    [LibraryImport("libc")]
    public static partial int connect(int fd, byte* address, uint length);

    [LibraryImport("libc")]
    public static partial int setsockopt(int fd, int level, int name, int* value, uint length);

    [LibraryImport("libc")]
    public static partial int close(int fd);

    [LibraryImport("libc")]
    public static partial nint recv(int fd, byte* buffer, nint length, int flags);

    [LibraryImport("libc")]
    public static partial nint recvfrom(int fd, byte* buffer, nint length, int flags, byte* address, uint* addressLength);

    [LibraryImport("libc")]
    public static partial nint send(int fd, byte* buffer, nint length, int flags);

    [LibraryImport("libc")]
    public static partial nint sendto(int fd, byte* buffer, nint length, int flags, byte* address, uint addressLength);

    [LibraryImport("libc")]
    public static partial int nanosleep(long* duration, long* remaining);

    [LibraryImport("libc")]
    public static partial int epoll_create1(int flags);

    [LibraryImport("libc")]
    public static partial int epoll_ctl(int epoll, int operation, int fd, void* epollEvent);

    [LibraryImport("libc")]
    public static partial int epoll_wait(int epoll, void* events, int count, int timeoutMs);

    [LibraryImport("libc")]
    public static partial int eventfd(uint value, int flags);

    [LibraryImport("libc")]
    public static partial int timerfd_create(int clock, int flags);

    [LibraryImport("libc")]
    public static partial int timerfd_settime(int fd, int flags, long* value, long* old);

    [LibraryImport("libc")]
    public static partial nint write(int fd, void* buffer, nint length);

    [LibraryImport("libc")]
    public static partial int setpriority(int which, uint who, int priority);

    [LibraryImport("libc")]
    public static partial int sched_getaffinity(int pid, nint length, byte* mask);

    [LibraryImport("libc")]
    public static partial int sched_setaffinity(int pid, nint length, byte* mask);
}
