namespace XSwitchEngine.Core.Loop;

/// <summary>Wakes that a loop's thread owes to other threads: gathered while a batch of items runs, paid once at its end.</summary>
/// <remarks>
/// A wake costs a system call, often an interrupt of another processor, and may put the waking thread off its own. Items of one batch that
/// post several messages to one sleeping thread pay for one wake. Who asks has already taken the sleeper's flag, so nobody else wakes it meanwhile:
/// a batch is short by the rule that nothing on a loop blocks.
/// </remarks>
internal sealed class WakeBatch
{
    [ThreadStatic]
    private static WakeBatch? _current;

    private readonly List<Action> _owed = [];

    /// <summary>Whether the calling thread gathers wakes; then <paramref name="wake"/> is called at the end of its batch.</summary>
    /// <param name="wake">The same delegate each time for one sleeper.</param>
    public static bool TryDefer(Action wake)
    {
        if (_current is not { } batch)
        {
            return false;
        }

        if (!batch._owed.Contains(wake))
        {
            batch._owed.Add(wake);
        }

        return true;
    }

    /// <summary>From now on the calling thread gathers; it must call <see cref="Pay"/> before it sleeps.</summary>
    public void Begin() => _current = this;

    /// <summary>Wakes all to whom it is owed. Loop thread only.</summary>
    public void Pay()
    {
        if (_owed.Count > 0)
        {
            foreach (var wake in _owed)
            {
                wake();
            }

            _owed.Clear();
        }
    }

    /// <summary>Pays and gathers no more.</summary>
    public void End()
    {
        Pay();
        _current = null;
    }
}
