namespace XSwitchEngine.Core.Loop;

/// <summary>Where a loop sleeps when it has nothing to do, and what else can wake it.</summary>
internal interface ILoopWaiter : IDisposable
{
    /// <summary>Whether something else than <see cref="Wake"/> can have work for the loop, so that <see cref="Wait"/> is called between batches too.</summary>
    bool HasSources { get; }

    /// <summary>Sleeps until woken, and hands on what its sources have. Loop thread only.</summary>
    /// <param name="timeoutMs">Longest sleep; 0 only looks, −1 is without end.</param>
    void Wait(int timeoutMs);

    /// <summary>Ends the sleep under way, or the next one. Any thread.</summary>
    void Wake();
}

/// <summary>Sleeps on a semaphore; there are no other sources.</summary>
internal sealed class SemaphoreWaiter : ILoopWaiter
{
    private readonly SemaphoreSlim _semaphore = new(0);

    public bool HasSources => false;

    public void Wait(int timeoutMs) => _semaphore.Wait(timeoutMs);

    public void Wake() => _semaphore.Release();

    public void Dispose() => _semaphore.Dispose();
}
