using System.Globalization;

namespace XSwitchEngine.RtpLoad;

/// <summary>CPU time of another process.</summary>
internal static class ProcessTime
{
    /// <summary>User and system time of all threads so far, with the scheduler's resolution of a nanosecond where it tells.</summary>
    /// <param name="pid">The process.</param>
    public static TimeSpan Of(int pid)
    {
        double nanoseconds = 0;
        foreach (var task in Directory.EnumerateDirectories($"/proc/{pid}/task"))
        {
            try
            {
                nanoseconds += double.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // The thread has ended; pool threads come and go, media loops do not.
            }
        }

        return TimeSpan.FromMicroseconds(nanoseconds / 1000);
    }
}
