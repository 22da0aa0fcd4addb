using XSwitchEngine.Core.Loop;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Runs something on a loop and waits for it off the loop, but not for ever.</summary>
internal static class LoopCall
{
    /// <summary>Runs a function as one item of a loop.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="function">Runs once, or not at all.</param>
    /// <param name="timeout">Longest wait for it to begin.</param>
    /// <param name="cancellationToken">Gives up before it begins.</param>
    /// <exception cref="TimeoutException">The loop did not come to it; it will not run any more.</exception>
    public static async Task<T> RunAsync<T>(EventLoop loop, Func<T> function, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var call = new Call<T>(function);
        loop.Post(static c => ((Call<T>)c!).Run(), call);
        try
        {
            return await call.Task.WaitAsync(timeout, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException && !call.Task.IsCompleted)
        {
            if (call.TryGiveUp())
            {
                throw;
            }

            // It has begun, so its outcome counts.
            return await call.Task;
        }
    }

    private sealed class Call<T>(Func<T> function)
    {
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Func<T>? _function = function;

        public Task<T> Task => _result.Task;

        public bool TryGiveUp() => Interlocked.Exchange(ref _function, null) is not null;

        public void Run()
        {
            if (Interlocked.Exchange(ref _function, null) is not { } run)
            {
                return;
            }

            try
            {
                _result.SetResult(run());
            }
            catch (Exception e)
            {
                _result.SetException(e);
            }
        }
    }
}
