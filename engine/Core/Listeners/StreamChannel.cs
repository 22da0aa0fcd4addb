using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;

namespace XSwitchEngine.Core.Listeners;

/// <summary>Bytes in TLS.</summary>
internal sealed class StreamChannel(SslStream stream, Socket socket) : IMessageChannel
{
    private const int PieceBytes = 16 * 1024; // a TLS record holds no more

    public async ValueTask<Received> ReadAsync()
    {
        // A read of nothing waits without a buffer; many connections are silent most of the time.
        _ = await stream.ReadAsync(Memory<byte>.Empty);
        var buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        int count;
        try
        {
            count = await stream.ReadAsync(buffer);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }

        if (count > 0)
        {
            return new Received(buffer, count);
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return default;
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> data) => stream.WriteAsync(data);

    public async ValueTask CloseAsync()
    {
        await stream.ShutdownAsync();
        socket.Shutdown(SocketShutdown.Send);
    }

    public void Abort() => socket.Dispose();

    public void Release() => stream.Dispose();
}
