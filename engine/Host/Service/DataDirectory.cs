using System.Globalization;

namespace XSwitchEngine.Host.Service;

/// <summary>The data directory of a running engine: made on first use, open to its owner only, locked against a second engine.</summary>
internal sealed class DataDirectory : IDisposable
{
    /// <summary>The locked file; the lock goes with the process however it ends.</summary>
    public const string LockFile = "xswitch.lock";

    /// <summary>Holds the process id.</summary>
    public const string PidFile = "xswitch.pid";

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    /// <summary>Its absolute path.</summary>
    public string Path { get; }

    /// <summary>Makes and locks the directory.</summary>
    /// <param name="path">Absolute.</param>
    /// <exception cref="IOException">Another engine has it, or it cannot be written; the message says which.</exception>
    public static DataDirectory Open(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var pid = System.IO.Path.Combine(path, PidFile);
        FileStream held;
        try
        {
            held = new FileStream(System.IO.Path.Combine(path, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not DirectoryNotFoundException)
        {
            var owner = File.Exists(pid) ? $" (process {File.ReadAllText(pid).Trim()})" : "";
            throw new IOException($"another engine is running with data directory {path}{owner}", e);
        }

        File.WriteAllText(pid, Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
        return new DataDirectory(path, held);
    }

    /// <summary>Gives the directory free.</summary>
    public void Dispose()
    {
        File.Delete(System.IO.Path.Combine(Path, PidFile));
        _lock.Dispose();
    }
}
