namespace XSwitchEngine.Core.Listeners;

/// <summary>The stream under a WebSocket: knows when the peer was heard last, and can put a ping between two frames.</summary>
/// <remarks>
/// The WebSocket of the base class library keeps a timer for each connection, which wakes threads 160 times a second for a thousand silent peers; here one
/// sweep looks after all. It writes each frame by one call, so a frame of ours between two calls is a frame between two frames.
/// </remarks>
/// <param name="stream">The transport.</param>
/// <param name="prefix">What was read of it already: a client may send its first message in one packet with its request.</param>
/// <param name="time">The clock.</param>
internal sealed class WebSocketStream(Stream stream, ReadOnlyMemory<byte> prefix, TimeProvider time) : Stream
{
    private static readonly byte[] Ping = [0x89, 0x00]; // RFC 6455 §5.5.2, without a payload
    private readonly SemaphoreSlim _writing = new(1);
    private ReadOnlyMemory<byte> _prefix = prefix;
    private long _heard = time.GetTimestamp();

    /// <summary>How long the peer has been silent.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Volatile.Read(ref _heard));

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Sends a ping, unless a frame is being sent just now: its delivery proves as much.</summary>
    public async Task PingAsync()
    {
        if (!await _writing.WaitAsync(0))
        {
            return;
        }

        try
        {
            await stream.WriteAsync(Ping);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // The reader finds the connection ended.
        }
        finally
        {
            _writing.Release();
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_prefix.IsEmpty)
        {
            return HearAsync(stream.ReadAsync(buffer, cancellationToken));
        }

        var count = Math.Min(buffer.Length, _prefix.Length);
        _prefix[..count].CopyTo(buffer);
        _prefix = _prefix[count..];
        return ValueTask.FromResult(count);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            await stream.WriteAsync(buffer, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => stream.FlushAsync(cancellationToken);

    public override void Flush() => stream.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            stream.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> HearAsync(ValueTask<int> read)
    {
        var count = await read;
        Volatile.Write(ref _heard, time.GetTimestamp());
        return count;
    }
}
