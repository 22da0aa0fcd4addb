using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace XSwitchEngine.RtpLoad;

/// <summary>Asks the engine for its RTP ports over the control socket of its data directory.</summary>
internal static class EngineControl
{
    /// <summary>The engine's RTP port of each leg.</summary>
    /// <param name="dataDirectory">Of the engine.</param>
    public static async Task<List<int>> MediaPortsAsync(string dataDirectory)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(dataDirectory, "control.sock")));
        await using var stream = new NetworkStream(socket);
        using var channels = JsonDocument.Parse(await ExecuteAsync(stream, "show channels as json"));
        var ports = new List<int>();
        if (channels.RootElement.TryGetProperty("rows", out var rows))
        {
            foreach (var row in rows.EnumerateArray())
            {
                var port = await ExecuteAsync(stream, $"uuid_getvar {row.GetProperty("uuid").GetString()} local_media_port");
                if (int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    ports.Add(number);
                }
            }
        }

        return ports;
    }

    private static async Task<string> ExecuteAsync(NetworkStream stream, string command)
    {
        var frame = new byte[4 + Encoding.UTF8.GetByteCount(command)];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        Encoding.UTF8.GetBytes(command, frame.AsSpan(4));
        await stream.WriteAsync(frame);
        await stream.ReadExactlyAsync(frame.AsMemory(0, 4));
        var reply = new byte[BinaryPrimitives.ReadInt32BigEndian(frame)];
        await stream.ReadExactlyAsync(reply);
        return Encoding.UTF8.GetString(reply);
    }
}
