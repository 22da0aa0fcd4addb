using System.Buffers;
using System.Text.Json;

namespace XSwitchEngine.Core.Cdr;

/// <summary>The file <c>open.jsonl</c>: legs that have begun and not ended. One thread only.</summary>
/// <remarks>
/// A line is a record, or <c>{"closed":uuid}</c>. When closed legs fill most of the file, a new one with the open ones
/// is written beside it and renamed over it, so its size follows the number of open legs.
/// </remarks>
internal sealed class OpenRecords : IDisposable
{
    /// <summary>Name in the CDR directory.</summary>
    public const string FileName = "open.jsonl";

    /// <summary>The file is written anew when it is longer than this and mostly closed, bytes.</summary>
    public const long CompactAt = 8 * 1024 * 1024;

    private readonly string _path;
    private readonly Dictionary<Guid, (long Offset, int Length)> _open = [];
    private readonly ArrayBufferWriter<byte> _pending = new(64 * 1024);
    private readonly Utf8JsonWriter _json;
    private FileStream? _file;
    private long _length;
    private long _live;

    /// <summary>Makes the keeper; <see cref="Begin"/> opens the file.</summary>
    /// <param name="directory">The CDR directory.</param>
    public OpenRecords(string directory)
    {
        _path = Path.Combine(directory, FileName);
        _json = CdrJson.NewWriter(_pending);
    }

    /// <summary>Legs that are open.</summary>
    public int Count => _open.Count;

    /// <summary>Reads what an earlier process left open. Damaged lines are counted and skipped.</summary>
    /// <param name="path">The file.</param>
    /// <param name="damaged">How many.</param>
    public static Dictionary<Guid, CdrRecord> Read(string path, out int damaged)
    {
        var open = new Dictionary<Guid, CdrRecord>();
        damaged = 0;
        if (!File.Exists(path))
        {
            return open;
        }

        foreach (var line in File.ReadLines(path))
        {
            if (line.StartsWith("{\"closed\":\"", StringComparison.Ordinal) && line.Length >= 48 && Guid.TryParseExact(line.AsSpan(11, 36), "D", out var closed))
            {
                open.Remove(closed);
            }
            else if (CdrJson.TryRead(System.Text.Encoding.UTF8.GetBytes(line), out var record))
            {
                open[record!.Uuid] = record;
            }
            else if (line.Length > 0)
            {
                damaged++;
            }
        }

        return open;
    }

    /// <summary>When the process that wrote a file was last alive.</summary>
    /// <param name="path">The file.</param>
    public static DateTimeOffset LastAlive(string path) => new(DateTime.SpecifyKind(File.GetLastWriteTimeUtc(path), DateTimeKind.Utc), TimeSpan.Zero);

    /// <summary>Begins with an empty file; what an earlier one said must have been dealt with.</summary>
    public void Begin()
    {
        _file?.Dispose();
        File.Delete(_path);
        _file = CdrFiles.OpenAppend(_path);
        _length = _live = 0;
        _open.Clear();
    }

    /// <summary>Notes a leg that began, or what is newly known of it. Written by <see cref="Write"/>.</summary>
    /// <param name="record">What is known.</param>
    public void Open(CdrRecord record)
    {
        Forget(record.Uuid);
        var offset = _length + _pending.WrittenCount;
        CdrJson.Write(_json, _pending, record);
        var length = (int)(_length + _pending.WrittenCount - offset);
        _open[record.Uuid] = (offset, length);
        _live += length;
    }

    /// <summary>Notes a leg that ended. Written by <see cref="Write"/>.</summary>
    /// <param name="uuid">The leg; one that is not open is left alone.</param>
    public void Close(Guid uuid)
    {
        if (Forget(uuid))
        {
            _pending.Write("{\"closed\":\""u8);
            uuid.TryFormat(_pending.GetSpan(36), out var written, "D");
            _pending.Advance(written);
            _pending.Write("\"}\n"u8);
        }
    }

    /// <summary>Hands what was noted to the system with one write.</summary>
    /// <remarks>When the write fails it is kept and tried again by the next call.</remarks>
    public void Write()
    {
        if (_pending.WrittenCount > 0)
        {
            CdrFiles.WriteWhole(_file!, _pending.WrittenSpan);
            _length += _pending.WrittenCount;
            _pending.ResetWrittenCount();
        }

        if (_length > CompactAt && _length > 4 * _live)
        {
            Compact();
        }
    }

    /// <summary>Notes in the file's time stamp that the process is alive, so that a killed call is not billed for the time after.</summary>
    /// <param name="now">The time.</param>
    public void Heartbeat(DateTimeOffset now)
    {
        if (_file is not null)
        {
            File.SetLastWriteTimeUtc(_file.SafeFileHandle, now.UtcDateTime);
        }
    }

    /// <summary>Forces what was written to the disk.</summary>
    public void Sync() => _file?.Flush(flushToDisk: true);

    public void Dispose()
    {
        _file?.Dispose();
        _json.Dispose();
    }

    private bool Forget(Guid uuid)
    {
        if (!_open.Remove(uuid, out var place))
        {
            return false;
        }

        _live -= place.Length;
        return true;
    }

    private void Compact()
    {
        var next = _path + ".new";
        File.Delete(next);
        var moved = new List<(Guid Uuid, long Offset, int Length)>(_open.Count);
        long length = 0;
        using (var from = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        using (var to = CdrFiles.OpenAppend(next))
        {
            var line = new byte[64 * 1024];
            foreach (var (uuid, place) in _open)
            {
                if (place.Length > line.Length)
                {
                    line = new byte[place.Length];
                }

                from.Position = place.Offset;
                from.ReadExactly(line, 0, place.Length);
                to.Write(line, 0, place.Length);
                moved.Add((uuid, length, place.Length));
                length += place.Length;
            }
        }

        File.Move(next, _path, overwrite: true);
        _file!.Dispose();
        _file = CdrFiles.OpenAppend(_path);
        _length = length;
        foreach (var (uuid, offset, size) in moved)
        {
            _open[uuid] = (offset, size);
        }
    }
}
