namespace XSwitchEngine.Abstractions;

/// <summary>A leg: one party's side of a call. Its text form is the UUID that scripts and the event socket see.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct LegId(Guid Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}

/// <summary>A bound listener of this process.</summary>
/// <param name="Value">1 and up; 0 is none.</param>
public readonly record struct ListenerId(int Value);

/// <summary>A stream or WebSocket connection of this process.</summary>
/// <param name="Value">1 and up, never used twice; 0 is none.</param>
public readonly record struct ConnectionId(long Value);

/// <summary>A timer set by a plugin.</summary>
/// <param name="Value">1 and up, never used twice; 0 is none.</param>
public readonly record struct TimerId(long Value);
