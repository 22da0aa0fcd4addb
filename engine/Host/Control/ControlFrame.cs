using System.Buffers.Binary;
using System.Text;

namespace XSwitchEngine.Host.Control;

/// <summary>The framing of the control socket: a length of four bytes, big-endian, then UTF-8 text.</summary>
internal static class ControlFrame
{
    /// <summary>Longest command line, bytes.</summary>
    public const int MaxCommand = 64 * 1024;

    /// <summary>Longest reply, bytes.</summary>
    public const int MaxReply = 64 * 1024 * 1024;

    /// <summary>Reads one frame.</summary>
    /// <param name="stream">From where.</param>
    /// <param name="limit">Longest text, bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null when the peer closed, or sent a length past the limit.</returns>
    public static async Task<string?> ReadAsync(Stream stream, int limit, CancellationToken cancellationToken)
    {
        var header = new byte[4];
        if (await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken) < header.Length)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (length > limit)
        {
            return null;
        }

        // Grown with what has arrived, not with what was claimed.
        using var text = new MemoryStream();
        var chunk = new byte[Math.Min(length, 16 * 1024)];
        while (text.Length < length)
        {
            var read = await stream.ReadAsync(chunk.AsMemory(0, (int)Math.Min(chunk.Length, length - text.Length)), cancellationToken);
            if (read == 0)
            {
                return null;
            }

            text.Write(chunk, 0, read);
        }

        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }

    /// <summary>Writes one frame.</summary>
    /// <param name="stream">To where.</param>
    /// <param name="text">The text.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task WriteAsync(Stream stream, string text, CancellationToken cancellationToken)
    {
        var frame = new byte[4 + Encoding.UTF8.GetByteCount(text)];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        Encoding.UTF8.GetBytes(text, frame.AsSpan(4));
        await stream.WriteAsync(frame, cancellationToken);
        await stream.FlushAsync(cancellationToken);
    }
}
