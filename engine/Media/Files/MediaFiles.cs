using System.Collections.Concurrent;

namespace XSwitchEngine.Media.Files;

/// <summary>Work on one file, done on the file thread.</summary>
internal interface IFileWork
{
    /// <summary>Reads ahead or writes behind as far as there is room or data; returns at once otherwise.</summary>
    /// <returns>False when the work is over and its file closed.</returns>
    bool Service();
}

/// <summary>The one thread that touches files: media loops meet it only through rings of samples.</summary>
/// <remarks>While any file is open it looks at all of them every 20 ms, which read-ahead and write-behind outlast many times; else it sleeps.</remarks>
internal sealed class MediaFiles : IDisposable
{
    private const int PeriodMs = 20;

    private readonly ConcurrentQueue<IFileWork> _arriving = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly List<IFileWork> _open = [];
    private readonly Thread _thread;
    private volatile bool _stopping;

    public MediaFiles()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "media-files" };
        _thread.Start();
    }

    /// <summary>Takes on a file; any thread.</summary>
    public void Add(IFileWork work)
    {
        _arriving.Enqueue(work);
        _wake.Release();
    }

    /// <summary>Ends the thread after a last look at every file.</summary>
    public void Dispose()
    {
        _stopping = true;
        _wake.Release();
        _thread.Join();
        _wake.Dispose();
    }

    /// <summary>A fault in the work on one file ends that work only.</summary>
    private static bool Serve(IFileWork work)
    {
        try
        {
            return work.Service();
        }
        catch (Exception)
        {
            return false;
        }
    }

    private void Run()
    {
        while (true)
        {
            var stopping = _stopping;
            while (_arriving.TryDequeue(out var work))
            {
                _open.Add(work);
            }

            _open.RemoveAll(static work => !Serve(work));
            if (stopping)
            {
                return;
            }

            _wake.Wait(_open.Count > 0 ? PeriodMs : Timeout.Infinite);
        }
    }
}
