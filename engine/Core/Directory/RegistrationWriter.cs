using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Diagnostics;

namespace XSwitchEngine.Core.Directory;

/// <summary>Writes changed bindings behind the registrar's back: only which users changed is queued, so the queue is bounded by the number of users.</summary>
internal sealed class RegistrationWriter : IDisposable
{
    private readonly DirectoryStore _store;
    private readonly Func<string, Registration[]> _current;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Thread _thread;
    private HashSet<string> _changed = new(StringComparer.Ordinal);
    private TaskCompletionSource? _flush;
    private bool _stopping;

    /// <summary>Starts the writing thread.</summary>
    /// <param name="store">Used by this thread only from now on.</param>
    /// <param name="current">The bindings of a user as they are now.</param>
    /// <param name="logger">For failed writes.</param>
    public RegistrationWriter(DirectoryStore store, Func<string, Registration[]> current, ILogger logger)
    {
        _store = store;
        _current = current;
        _logger = logger;
        _thread = new Thread(Run) { IsBackground = true, Name = "directory" };
        _thread.Start();
    }

    /// <summary>Notes that a user's bindings changed. Does not block.</summary>
    /// <param name="number">The user.</param>
    public void Changed(string number)
    {
        lock (_gate)
        {
            if (_changed.Add(number) && _changed.Count == 1)
            {
                _wake.Release();
            }
        }
    }

    /// <summary>Completes when everything noted before is written, or could not be.</summary>
    public Task FlushAsync()
    {
        lock (_gate)
        {
            if (_stopping)
            {
                return Task.CompletedTask;
            }

            if (_flush is null)
            {
                _flush = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _wake.Release();
            }

            return _flush.Task;
        }
    }

    /// <summary>Writes what is left and ends the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
        }

        _wake.Release();
        _thread.Join();
        _wake.Dispose();
    }

    private void Run()
    {
        var pause = Timeout.InfiniteTimeSpan;
        while (true)
        {
            _wake.Wait(pause);
            HashSet<string> changed;
            TaskCompletionSource? flush;
            bool stopping;
            lock (_gate)
            {
                (changed, _changed) = (_changed, new HashSet<string>(StringComparer.Ordinal));
                (flush, _flush) = (_flush, null);
                stopping = _stopping;
            }

            pause = TryWrite(changed) ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(1);
            flush?.TrySetResult();
            if (stopping)
            {
                return;
            }
        }
    }

    private bool TryWrite(HashSet<string> changed)
    {
        if (changed.Count == 0)
        {
            return true;
        }

        try
        {
            _store.WriteRegistrations(changed.Select(n => (n, _current(n))));
            return true;
        }
        catch (SqliteException e)
        {
            Log.RegistrationsNotWritten(_logger, e.Message);
            lock (_gate)
            {
                _changed.UnionWith(changed);
            }

            return false;
        }
    }
}
