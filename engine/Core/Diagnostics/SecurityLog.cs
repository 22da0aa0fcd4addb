using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using XSwitchEngine.Core.Plugins;

namespace XSwitchEngine.Core.Diagnostics;

/// <summary>The file <c>security.log</c>: one stable line for each event, read by fail2ban filters (<c>P-O9</c>).</summary>
/// <remarks>
/// <c>2026-01-31T12:00:00.000Z auth_fail ip=192.0.2.4 port=5060 user="1000" method="REGISTER"</c>: time, event, address and port without quotes,
/// then fields in quotes with <c>"</c>, <c>\</c> and control characters escaped. A thread of its own writes; when more than <see cref="Capacity"/>
/// lines wait, further ones are counted and told in one <c>lines_lost</c> line. The file is opened for each batch, so it can be rotated by renaming.
/// </remarks>
public sealed class SecurityLog : IDisposable
{
    /// <summary>Name in the data directory.</summary>
    public const string FileName = "security.log";

    /// <summary>Lines that may wait.</summary>
    public const int Capacity = 4096;

    private readonly ConcurrentQueue<string> _queue = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private int _length;
    private int _signalled;
    private long _lost;
    private volatile bool _stopping;

    /// <summary>Starts the log of a data directory.</summary>
    /// <param name="dataDirectory">Exists.</param>
    /// <param name="time">The clock of the lines.</param>
    /// <param name="logger">Told when the file cannot be written.</param>
    public SecurityLog(string dataDirectory, TimeProvider time, ILogger<SecurityLog> logger)
    {
        _path = Path.Combine(dataDirectory, FileName);
        _time = time;
        _logger = logger;
        _thread = new Thread(Run) { IsBackground = true, Name = "security-log" };
        _thread.Start();
    }

    /// <summary>Writes one line. Never blocks.</summary>
    /// <param name="what">The event's name, letters and underscores, such as <c>auth_fail</c>.</param>
    /// <param name="source">Where it came from.</param>
    /// <param name="fields">Further fields; values may be anything, names are the caller's own.</param>
    public void Write(string what, IPEndPoint source, params ReadOnlySpan<(string Name, string Value)> fields) =>
        Append(SecurityLine.Format(_time.GetUtcNow(), what, source, fields));

    /// <summary>Writes one finished line. Never blocks.</summary>
    /// <param name="line">Without a line end, escaped as described above.</param>
    public void Append(string line)
    {
        if (Volatile.Read(ref _length) >= Capacity)
        {
            Interlocked.Increment(ref _lost);
            return;
        }

        Interlocked.Increment(ref _length);
        _queue.Enqueue(line + "\n");
        if (Interlocked.Exchange(ref _signalled, 1) == 0)
        {
            _wake.Release();
        }
    }

    /// <summary>Writes what is queued and ends the thread.</summary>
    public void Dispose()
    {
        if (!_stopping)
        {
            _stopping = true;
            _wake.Release();
            _thread.Join(TimeSpan.FromSeconds(5));
        }
    }

    private void Run()
    {
        while (true)
        {
            _wake.Wait();
            var stopping = _stopping;
            Interlocked.Exchange(ref _signalled, 0);
            try
            {
                WriteBatch();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Log.SecurityLogNotWritten(_logger, _path, e.Message);
            }

            if (stopping)
            {
                return;
            }
        }
    }

    private void WriteBatch()
    {
        var text = new StringBuilder();
        while (_queue.TryDequeue(out var line))
        {
            Interlocked.Decrement(ref _length);
            text.Append(line);
        }

        if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
        {
            var now = _time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            text.Append(CultureInfo.InvariantCulture, $"{now} lines_lost count={lost}\n");
        }

        if (text.Length > 0)
        {
            using var file = Cdr.CdrFiles.OpenAppend(_path);
            file.Write(Encoding.UTF8.GetBytes(text.ToString()));
        }
    }
}
