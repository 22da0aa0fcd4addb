using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Diagnostics;
using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Cdr;

/// <summary>Writes call records as JSON lines, and a journal of open legs from which a killed engine reports them (<c>P-I12</c>).</summary>
/// <remarks>
/// A thread of its own takes what is queued and hands it to the system within some ten milliseconds, one write a batch and file;
/// a kill loses at most that, a power cut what the system had not written. The record of an ended leg is written before its journal entry is closed,
/// and a restart looks for it before it reports the leg as crashed, so that each leg is reported exactly once.
/// At the bound of the queue openings are dropped first, endings only past twice the bound; both are counted and logged.
/// </remarks>
public sealed class CdrJournal : ICdrJournal, IDisposable
{
    /// <summary>Items that may wait.</summary>
    public const int Capacity = 65_536;

    // Lets legs share a write and a wake-up, which cost more than the records themselves.
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly ConcurrentQueue<Item> _queue = new();
    private readonly ILoopWaiter _wake = FutexWaiter.IsSupported ? new FutexWaiter() : new SemaphoreWaiter();
    private readonly Action _wakeUp;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CdrFiles _files;
    private readonly OpenRecords _open;
    private readonly ArrayBufferWriter<byte> _lines = new(64 * 1024);
    private readonly Utf8JsonWriter _json;
    private readonly List<TaskCompletionSource> _flushes = [];
    private readonly List<Guid> _linesOf = [];
    private readonly Thread _thread;
    private DateTimeOffset _lastHeartbeat;
    private DateOnly _linesDay;
    private int _signalled;
    private int _length;
    private long _lost;
    private volatile bool _stopping;

    private CdrJournal(string directory, TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
        _files = new CdrFiles(directory);
        _open = new OpenRecords(directory);
        _json = CdrJson.NewWriter(_lines);
        _wakeUp = _wake.Wake;
        CloseOrphans(directory);
        _thread = new Thread(Run) { IsBackground = true, Name = "cdr" };
        _thread.Start();
    }

    /// <summary>Records that were lost because the queue was full.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>Opens the journal of a data directory, and reports what an earlier process left open.</summary>
    /// <param name="dataDirectory">Exists; files are kept in <c>cdr</c> below it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Its log.</param>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    public static CdrJournal Open(string dataDirectory, TimeProvider time, ILogger<CdrJournal> logger)
    {
        var directory = Path.Combine(dataDirectory, "cdr");
        if (OperatingSystem.IsWindows())
        {
            System.IO.Directory.CreateDirectory(directory);
        }
        else
        {
            System.IO.Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return new CdrJournal(directory, time, logger);
    }

    /// <inheritdoc/>
    public void Open(CdrRecord record) => Enqueue(new Item(record, null, false), Capacity);

    /// <inheritdoc/>
    public void Close(CdrRecord record) => Enqueue(new Item(record, null, true), 2 * Capacity);

    /// <inheritdoc/>
    public Task FlushAsync()
    {
        if (_stopping)
        {
            return Task.CompletedTask;
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Enqueue(new Item(null, done, false), int.MaxValue);
        return done.Task;
    }

    /// <summary>Writes what is queued and ends the thread.</summary>
    public void Dispose()
    {
        if (!_stopping)
        {
            _stopping = true;
            _wake.Wake();
            _thread.Join(TimeSpan.FromSeconds(10));
            _files.Dispose();
            _open.Dispose();
            _json.Dispose();
        }
    }

    private void Enqueue(Item item, int bound)
    {
        if (Volatile.Read(ref _length) >= bound)
        {
            var lost = Interlocked.Increment(ref _lost);
            if ((lost & (lost - 1)) == 0)
            {
                Log.RecordsLost(_logger, lost);
            }

            return;
        }

        Interlocked.Increment(ref _length);
        _queue.Enqueue(item);
        if (Interlocked.Exchange(ref _signalled, 1) == 0)
        {
            if (!WakeBatch.TryDefer(_wakeUp))
            {
                _wake.Wake();
            }
        }
    }

    private void Run()
    {
        ThreadPriorities.YieldToCore();
        var pause = HeartbeatEvery;
        while (true)
        {
            _wake.Wait(_open.Count > 0 || pause == RetryAfter ? (int)pause.TotalMilliseconds : Timeout.Infinite);
            var stopping = _stopping;
            if (!stopping && Volatile.Read(ref _signalled) == 1)
            {
                Thread.Sleep(Linger);
            }

            Interlocked.Exchange(ref _signalled, 0);
            pause = TryWriteBatch() ? HeartbeatEvery : RetryAfter;
            if (stopping)
            {
                return;
            }
        }
    }

    private bool TryWriteBatch()
    {
        try
        {
            var now = _time.GetUtcNow();
            var isDue = now - _lastHeartbeat >= HeartbeatEvery;
            if (isDue)
            {
                _lastHeartbeat = now;
                _files.FollowRotation();
            }

            WriteLines();
            while (_queue.TryPeek(out var item))
            {
                Take(item);
                _queue.TryDequeue(out _);
                Interlocked.Decrement(ref _length);
                if (_lines.WrittenCount > 1024 * 1024)
                {
                    WriteLines();
                }
            }

            WriteLines();
            _open.Write();
            if (isDue || _flushes.Count > 0)
            {
                _open.Heartbeat(now);
            }

            if (_flushes.Count > 0)
            {
                _files.Sync();
                _open.Sync();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.RecordsNotWritten(_logger, e.Message);
            return false;
        }

        _flushes.ForEach(f => f.TrySetResult());
        _flushes.Clear();
        return true;
    }

    private void Take(Item item)
    {
        if (item.Flush is { } flush)
        {
            _flushes.Add(flush);
            return;
        }

        var record = item.Record!;
        if (!item.IsEnd)
        {
            _open.Open(record);
            return;
        }

        var day = DateOnly.FromDateTime((record.EndTime ?? _time.GetUtcNow()).UtcDateTime);
        if (day != _linesDay)
        {
            WriteLines();
            _linesDay = day;
        }

        CdrJson.Write(_json, _lines, record);
        _linesOf.Add(record.Uuid);
    }

    // Records first, then the closing of their journal entries: a kill in between leaves an entry whose record a restart finds.
    private void WriteLines()
    {
        if (_lines.WrittenCount > 0)
        {
            _files.Append(_linesDay, _lines.WrittenSpan);
            _lines.ResetWrittenCount();
        }

        foreach (var uuid in _linesOf)
        {
            _open.Close(uuid);
        }

        _linesOf.Clear();
    }

    private void CloseOrphans(string directory)
    {
        var path = Path.Combine(directory, OpenRecords.FileName);
        var orphans = OpenRecords.Read(path, out var damaged);
        if (damaged > 0)
        {
            Log.JournalDamaged(_logger, path, damaged);
        }

        if (orphans.Count > 0)
        {
            var wanted = orphans.Keys.ToHashSet();
            _files.RemoveReported(wanted, DateOnly.FromDateTime(orphans.Values.Min(o => o.StartTime).UtcDateTime));
            var end = OpenRecords.LastAlive(path);
            foreach (var orphan in orphans.Values.Where(o => wanted.Contains(o.Uuid)).OrderBy(o => o.StartTime))
            {
                Take(new Item(Crashed(orphan, end), null, true));
            }

            WriteLines();
            _files.Sync();
            if (wanted.Count > 0)
            {
                Log.OrphansClosed(_logger, wanted.Count);
            }
        }

        _open.Begin();
    }

    private static CdrRecord Crashed(CdrRecord orphan, DateTimeOffset end) => orphan with
    {
        EndTime = end > orphan.StartTime ? end : orphan.StartTime,
        HangupCause = HangupCause.Crash.Name(),
        Q850 = HangupCause.Crash.Q850(),
        HungUpBy = "engine",
    };

    private readonly record struct Item(CdrRecord? Record, TaskCompletionSource? Flush, bool IsEnd);
}
