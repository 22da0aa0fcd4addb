using System.Buffers;
using System.Net.WebSockets;

namespace XSwitchEngine.Core.Listeners;

/// <summary>WebSocket messages, reassembled within a bound. What breaks RFC 6455 is closed by 1002, what is too long by 1009, text that is no UTF-8 by 1007.</summary>
internal sealed class WebSocketChannel : IMessageChannel
{
    /// <summary>A peer that has been silent for so long is pinged; the sweep that does it comes every 5 s.</summary>
    public static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(20);

    /// <summary>A peer that has been silent for so long, pings notwithstanding, is gone.</summary>
    public static readonly TimeSpan GoneAfter = TimeSpan.FromSeconds(85);

    private const int FirstBuffer = 2048;
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(2);
    private readonly WebSocket _socket;
    private readonly WebSocketStream _stream;
    private readonly int _maxBytes;
    private readonly Action _abort;

    private WebSocketChannel(WebSocket socket, WebSocketStream stream, int maxBytes, Action abort)
    {
        _socket = socket;
        _stream = stream;
        _maxBytes = maxBytes;
        _abort = abort;
    }

    /// <summary>The server's side of a WebSocket whose handshake is done.</summary>
    /// <param name="stream">What lies below.</param>
    /// <param name="subprotocol">The one that was selected; empty for none.</param>
    /// <param name="maxBytes">Most bytes of a message.</param>
    /// <param name="abort">Ends what lies below, at once.</param>
    public static WebSocketChannel Over(WebSocketStream stream, string subprotocol, int maxBytes, Action abort) =>
        new(
            WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, SubProtocol = subprotocol.Length > 0 ? subprotocol : null, KeepAliveInterval = TimeSpan.Zero }),
            stream,
            maxBytes,
            abort);

    /// <summary>How long the peer has been silent.</summary>
    public TimeSpan Silence => _stream.Silence;

    /// <summary>Asks the peer whether it is there.</summary>
    public Task PingAsync() => _stream.PingAsync();

    public async ValueTask<Received> ReadAsync()
    {
        // A receive into nothing waits without a buffer; most WebSockets are silent most of the time.
        var result = await _socket.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None);
        if (result.MessageType == WebSocketMessageType.Close)
        {
            await AnswerCloseAsync();
            return default;
        }

        var message = new MessageBuffer();
        try
        {
            while (!result.EndOfMessage)
            {
                result = await _socket.ReceiveAsync(message.Free(), CancellationToken.None);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    await AnswerCloseAsync();
                    return default;
                }

                message.Length += result.Count;
                if (message.Length > _maxBytes)
                {
                    await _socket.CloseOutputAsync(WebSocketCloseStatus.MessageTooBig, $"a message has at most {_maxBytes} bytes", CancellationToken.None);
                    await DrainAsync(message);
                    return default;
                }
            }

            return message.Take();
        }
        finally
        {
            message.Dispose();
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data) => _socket.SendAsync(data, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    public async ValueTask CloseAsync()
    {
        if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
    }

    public void Abort()
    {
        _abort();
        _socket.Abort();
    }

    public void Release() => _socket.Dispose();

    // What is unread when a connection ends makes a reset of it, which would destroy the word that says why.
    private async ValueTask DrainAsync(MessageBuffer scratch)
    {
        using var bound = new CancellationTokenSource(DrainTime);
        try
        {
            do
            {
                scratch.Length = 0;
            }
            while ((await _socket.ReceiveAsync(scratch.Free(), bound.Token)).MessageType != WebSocketMessageType.Close);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // It had its time.
        }
    }

    private async ValueTask AnswerCloseAsync()
    {
        if (_socket.State == WebSocketState.CloseReceived)
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
    }

    /// <summary>The message under way, in one pooled array.</summary>
    private sealed class MessageBuffer : IDisposable
    {
        private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);

        public int Length { get; set; }

        /// <summary>Room for more.</summary>
        public Memory<byte> Free()
        {
            if (Length == _buffer!.Length)
            {
                var larger = ArrayPool<byte>.Shared.Rent(Length * 2);
                _buffer.AsSpan(0, Length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = larger;
            }

            return _buffer.AsMemory(Length);
        }

        /// <summary>Gives the array away.</summary>
        public Received Take()
        {
            var received = new Received(_buffer, Length);
            _buffer = null;
            return received;
        }

        public void Dispose()
        {
            if (_buffer is { } buffer)
            {
                _buffer = null;
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}
