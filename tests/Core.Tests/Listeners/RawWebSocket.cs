using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace XSwitchEngine.Core.Tests.Listeners;

/// <summary>A WebSocket client by hand (RFC 6455), which can break every rule.</summary>
internal sealed class RawWebSocket : IDisposable
{
    public const string Request = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    private readonly Socket _socket;

    public RawWebSocket(IPEndPoint to)
    {
        _socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000, SendTimeout = 20_000, NoDelay = true };
        _socket.Connect(to);
        _socket.Send(Encoding.ASCII.GetBytes(Request));
        var reply = new StringBuilder();
        var one = new byte[1];
        while (!reply.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && _socket.Receive(one) == 1)
        {
            reply.Append((char)one[0]);
        }

        Reply = reply.ToString();
    }

    public string Reply { get; }

    public Socket Socket => _socket;

    /// <summary>A frame with the shortest length form, masked as a client must.</summary>
    /// <param name="first">FIN, RSV and opcode.</param>
    /// <param name="payload">Unmasked.</param>
    /// <param name="isMasked">False for what no client may send.</param>
    public static byte[] Frame(byte first, ReadOnlySpan<byte> payload, bool isMasked = true)
    {
        var frame = new List<byte> { first };
        var mask = (byte)(isMasked ? 0x80 : 0);
        if (payload.Length < 126)
        {
            frame.Add((byte)(mask | payload.Length));
        }
        else if (payload.Length < 65536)
        {
            frame.AddRange([(byte)(mask | 126), (byte)(payload.Length >> 8), (byte)payload.Length]);
        }
        else
        {
            var length = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(length, payload.Length);
            frame.AddRange([(byte)(mask | 127), .. length]);
        }

        if (isMasked)
        {
            frame.AddRange([0, 0, 0, 0]);
        }

        frame.AddRange(payload);
        return [.. frame];
    }

    public void Send(params byte[] bytes) => _socket.Send(bytes);

    /// <summary>Reads frames until a close frame or the end of the connection.</summary>
    /// <returns>The close status, or 0 when the connection ended without one.</returns>
    public int ReadClose()
    {
        try
        {
            while (ReadFrame() is { } frame)
            {
                if ((frame.First & 0x0F) == 8)
                {
                    return frame.Payload.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(frame.Payload) : 1005;
                }
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // It ended, in haste.
        }

        return 0;
    }

    /// <summary>The next frame; null at the end.</summary>
    public (byte First, byte[] Payload)? ReadFrame()
    {
        if (Read(2) is not { } head)
        {
            return null;
        }

        var length = head[1] & 0x7F;
        if (length == 126)
        {
            length = BinaryPrimitives.ReadUInt16BigEndian(Read(2));
        }
        else if (length == 127)
        {
            length = (int)BinaryPrimitives.ReadInt64BigEndian(Read(8));
        }

        return Read(length) is { } payload ? (head[0], payload) : null;
    }

    public void Dispose() => _socket.Dispose();

    private byte[]? Read(int count)
    {
        var buffer = new byte[count];
        for (var got = 0; got < count;)
        {
            var n = _socket.Receive(buffer, got, count - got, SocketFlags.None);
            if (n == 0)
            {
                return null;
            }

            got += n;
        }

        return buffer;
    }
}
