using System.Collections.Concurrent;
using System.Text;

namespace XSwitchEngine.Host.Logging;

/// <summary>Writes lines to a stream from a thread of its own, so that a slow terminal or pipe never stops a loop.</summary>
/// <remarks>When more than <see cref="Capacity"/> lines wait, further ones are dropped and counted, and the count is told in the log itself.</remarks>
internal sealed class LogWriter : IDisposable
{
    /// <summary>Lines that may wait.</summary>
    public const int Capacity = 16_384;

    private readonly ConcurrentQueue<string> _queue = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Stream _output;
    private readonly Thread _thread;
    private int _length;
    private int _signalled;
    private long _dropped;
    private volatile bool _stopping;

    /// <summary>Starts writing.</summary>
    /// <param name="output">Where to.</param>
    public LogWriter(Stream output)
    {
        _output = output;
        _thread = new Thread(Run) { IsBackground = true, Name = "log" };
        _thread.Start();
    }

    /// <summary>Queues text that ends with a line feed. Never blocks.</summary>
    /// <param name="line">The text.</param>
    public void Write(string line)
    {
        if (Volatile.Read(ref _length) >= Capacity)
        {
            Interlocked.Increment(ref _dropped);
            return;
        }

        Interlocked.Increment(ref _length);
        _queue.Enqueue(line);
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
            _thread.Join(TimeSpan.FromSeconds(2));
        }
    }

    private void Run()
    {
        var batch = new StringBuilder();
        while (true)
        {
            _wake.Wait();
            var stopping = _stopping;
            Interlocked.Exchange(ref _signalled, 0);
            while (_queue.TryDequeue(out var line))
            {
                Interlocked.Decrement(ref _length);
                batch.Append(line);
                if (batch.Length > 64 * 1024)
                {
                    Flush(batch);
                }
            }

            if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped)
            {
                batch.Append($"{dropped} log lines were dropped because the output is too slow\n");
            }

            Flush(batch);
            if (stopping)
            {
                return;
            }
        }
    }

    private void Flush(StringBuilder batch)
    {
        try
        {
            _output.Write(Encoding.UTF8.GetBytes(batch.ToString()));
            _output.Flush();
        }
        catch (IOException)
        {
            // The reader of the pipe is gone: calls go on without a log.
        }

        batch.Clear();
    }
}
