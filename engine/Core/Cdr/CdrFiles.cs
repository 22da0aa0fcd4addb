using System.Globalization;
using System.Text;

namespace XSwitchEngine.Core.Cdr;

/// <summary>The files <c>cdr-YYYYMMDD.jsonl</c>, one a day of UTC by the end of the leg. One thread only.</summary>
internal sealed class CdrFiles : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _directory;
    private FileStream? _file;
    private DateOnly _day;

    public CdrFiles(string directory) => _directory = directory;

    /// <summary>Opens a file for appending, readable by its owner only.</summary>
    /// <param name="path">Made when it is missing.</param>
    public static FileStream OpenAppend(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        var file = new FileStream(path, options);
        file.Seek(0, SeekOrigin.End);
        return file;
    }

    /// <summary>Appends all or nothing, as far as the system lets us: a write that fails half-way (a full disk) is taken back.</summary>
    /// <param name="file">From <see cref="OpenAppend"/>.</param>
    /// <param name="lines">What to append.</param>
    public static void WriteWhole(FileStream file, ReadOnlySpan<byte> lines)
    {
        var end = file.Position;
        try
        {
            file.Write(lines);
        }
        catch (IOException)
        {
            file.SetLength(end);
            file.Position = end;
            throw;
        }
    }

    /// <summary>Appends whole lines to a day's file with one write.</summary>
    /// <param name="day">The day.</param>
    /// <param name="lines">Lines with their line feeds.</param>
    public void Append(DateOnly day, ReadOnlySpan<byte> lines)
    {
        if (_file is null || _day != day)
        {
            _file?.Dispose();
            _file = null;
            var path = PathOf(day);
            CutTornLine(path);
            _file = OpenAppend(path);
            _day = day;
        }

        WriteWhole(_file, lines);
    }

    /// <summary>Lets go of a file that was renamed or removed by a rotation: records go to the name that readers look for.</summary>
    public void FollowRotation()
    {
        if (_file is not null && !File.Exists(_file.Name))
        {
            _file.Dispose();
            _file = null;
        }
    }

    /// <summary>Forces what was written to the disk.</summary>
    public void Sync() => _file?.Flush(flushToDisk: true);

    /// <summary>Which of some legs have a record already, so that nothing is reported twice after a kill between two writes.</summary>
    /// <param name="wanted">The legs; those found are removed.</param>
    /// <param name="since">Earliest day to look at.</param>
    public void RemoveReported(HashSet<Guid> wanted, DateOnly since)
    {
        foreach (var path in System.IO.Directory.EnumerateFiles(_directory, "cdr-????????.jsonl"))
        {
            if (wanted.Count == 0)
            {
                return;
            }

            var name = Path.GetFileNameWithoutExtension(path)[4..];
            if (DateOnly.TryParseExact(name, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day >= since)
            {
                CutTornLine(path);
                foreach (var line in File.ReadLines(path, Encoding.UTF8))
                {
                    if (line.StartsWith("{\"uuid\":\"", StringComparison.Ordinal) && line.Length > 45 && Guid.TryParseExact(line.AsSpan(9, 36), "D", out var id))
                    {
                        wanted.Remove(id);
                    }
                }
            }
        }
    }

    public void Dispose() => _file?.Dispose();

    private string PathOf(DateOnly day) => Path.Combine(_directory, $"cdr-{day.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}.jsonl");

    // A power cut may leave half a line. Its leg is still open in the journal and will be reported from there, so the half is cut off.
    private static void CutTornLine(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var end = file.Length;
        var chunk = new byte[4096];
        for (var at = end; at > 0;)
        {
            var size = (int)Math.Min(chunk.Length, at);
            file.Position = at - size;
            file.ReadExactly(chunk, 0, size);
            var newline = chunk.AsSpan(0, size).LastIndexOf((byte)'\n');
            if (newline >= 0)
            {
                SetLength(file, at - size + newline + 1, end);
                return;
            }

            at -= size;
        }

        SetLength(file, 0, end);
    }

    private static void SetLength(FileStream file, long length, long current)
    {
        if (length != current)
        {
            file.SetLength(length);
        }
    }
}
