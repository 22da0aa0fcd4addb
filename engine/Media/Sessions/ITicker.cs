namespace XSwitchEngine.Media.Sessions;

/// <summary>Something that makes audio every 20 ms: a leg alone, a bridge, a room.</summary>
internal interface ITicker
{
    /// <summary>Its slot in the wheel, −1 when it does not tick.</summary>
    int Slot { get; set; }

    /// <summary>Its place in the slot.</summary>
    int SlotIndex { get; set; }

    /// <summary>The turn in which it ticked last.</summary>
    long LastTick { get; set; }

    /// <summary>Works for 20 ms of audio.</summary>
    void Tick(long nowUs);
}
