namespace XSwitchEngine.Core.Listeners;

/// <summary>A connection whose reading and writing wait off the loop: bytes in TLS, or WebSocket messages. One read and one write at a time.</summary>
internal interface IMessageChannel
{
    /// <summary>Waits for the next piece or message; holds no buffer while nothing comes.</summary>
    /// <returns>A buffer of the shared pool, which is the caller's now; none when the peer has closed.</returns>
    ValueTask<Received> ReadAsync();

    /// <summary>Sends bytes or one message.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> data);

    /// <summary>Says goodbye; reading then ends when the peer has answered.</summary>
    ValueTask CloseAsync();

    /// <summary>Ends it at once: reads and writes under way fail. Any thread, any number of times.</summary>
    void Abort();

    /// <summary>Lets go of everything, after the last read has ended.</summary>
    void Release();
}

/// <summary>What was read.</summary>
/// <param name="Buffer">From the shared pool; null at the end.</param>
/// <param name="Length">Bytes in it.</param>
internal readonly record struct Received(byte[]? Buffer, int Length);
