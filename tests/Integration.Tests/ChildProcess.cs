using System.Collections.Concurrent;
using System.Diagnostics;

namespace XSwitchEngine.Integration.Tests;

/// <summary>A program that a test starts: its output is kept, and it ends with the test.</summary>
internal class ChildProcess : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly SemaphoreSlim _news = new(0);

    protected ChildProcess(string program, IEnumerable<string> arguments, string workingDirectory)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = workingDirectory };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        Process = Process.Start(start) ?? throw new InvalidOperationException(program + " did not start");
        Process.OutputDataReceived += (_, e) => Take(e.Data);
        Process.ErrorDataReceived += (_, e) => Take(e.Data);
        Process.BeginOutputReadLine();
        Process.BeginErrorReadLine();
    }

    public Process Process { get; }

    public string Output => string.Join('\n', _lines);

    /// <summary>Waits until a line of output satisfies a condition.</summary>
    public async Task<string> WaitForLineAsync(Func<string, bool> condition, int seconds = 30)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (true)
        {
            if (_lines.FirstOrDefault(condition) is { } line)
            {
                return line;
            }

            if (Process.HasExited && _news.CurrentCount == 0)
            {
                await Task.Delay(100);      // the last lines may still be on their way
                return _lines.FirstOrDefault(condition) ?? throw new InvalidOperationException($"{Process.StartInfo.FileName} ended with {Process.ExitCode}:\n{Output}");
            }

            try
            {
                await _news.WaitAsync(TimeSpan.FromMilliseconds(200), limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"{Process.StartInfo.FileName} did not say it within {seconds} s:\n{Output}");
            }
        }
    }

    public void Kill()
    {
        if (!Process.HasExited)
        {
            Process.Kill(entireProcessTree: true);
            Process.WaitForExit(10_000);
        }
    }

    public virtual ValueTask DisposeAsync()
    {
        Kill();
        Process.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private void Take(string? line)
    {
        if (line is not null)
        {
            _lines.Enqueue(line);
            _news.Release();
        }
    }
}
