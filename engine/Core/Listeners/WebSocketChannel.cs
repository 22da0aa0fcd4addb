using System.Buffers;
using System.Net.WebSockets;

namespace XSwitchEngine.Core.Listeners;

/// <summary>WebSocket messages, reassembled within a bound. What breaks RFC 6455 is closed by 1002, what is too long by 1009, text that is no UTF-8 by 1007.</summary>
/// <param name="socket">The WebSocket, server side, with its ping.</param>
/// <param name="maxBytes">Most bytes of a message.</param>
/// <param name="abort">Ends what lies below.</param>
internal sealed class WebSocketChannel(WebSocket socket, int maxBytes, Action abort) : IMessageChannel
{
    /// <summary>The host pings a silent peer so often.</summary>
    public static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(25);

    /// <summary>A peer that does not answer a ping for so long is gone.</summary>
    public static readonly TimeSpan PongTimeout = TimeSpan.FromSeconds(60);

    private const int FirstBuffer = 2048;

    public async ValueTask<Received> ReadAsync()
    {
        // A receive into nothing waits without a buffer; most WebSockets are silent most of the time.
        var result = await socket.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None);
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
                result = await socket.ReceiveAsync(message.Free(), CancellationToken.None);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    await AnswerCloseAsync();
                    return default;
                }

                message.Length += result.Count;
                if (message.Length > maxBytes)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.MessageTooBig, $"a message has at most {maxBytes} bytes", CancellationToken.None);
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

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data) => socket.SendAsync(data, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    public async ValueTask CloseAsync()
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
    }

    public void Abort()
    {
        abort();
        socket.Abort();
    }

    public void Release() => socket.Dispose();

    private async ValueTask AnswerCloseAsync()
    {
        if (socket.State == WebSocketState.CloseReceived)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
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
