using System.Net.Sockets;

namespace XSwitchEngine.Host.Control;

/// <summary>Runs commands of the engine that has a data directory open.</summary>
internal static class ControlClient
{
    /// <summary>Runs one command.</summary>
    /// <param name="dataDirectory">Absolute.</param>
    /// <param name="command">The command line.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The reply.</returns>
    /// <exception cref="IOException">No engine answers; the message says so.</exception>
    public static async Task<string> ExecuteAsync(string dataDirectory, string command, CancellationToken cancellationToken)
    {
        if (command.Length > ControlFrame.MaxCommand / 4)
        {
            throw new IOException($"the command is longer than {ControlFrame.MaxCommand / 4} characters");
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(ControlSocket.EndPoint(dataDirectory), cancellationToken);
        }
        catch (SocketException e)
        {
            throw new IOException(
                e.SocketErrorCode == SocketError.AccessDenied
                    ? $"the engine of {dataDirectory} belongs to another user"
                    : $"no engine is running with data directory {dataDirectory} (start one with: xswitch run --data {dataDirectory})",
                e);
        }

        await using var stream = new NetworkStream(socket);
        await ControlFrame.WriteAsync(stream, command, cancellationToken);
        return await ControlFrame.ReadAsync(stream, ControlFrame.MaxReply, cancellationToken)
            ?? throw new IOException("the engine ended before it answered");
    }

    /// <summary>Whether a reply reports a failure, as FreeSWITCH words it.</summary>
    /// <param name="reply">The reply.</param>
    public static bool IsFailure(string reply) =>
        reply.StartsWith("-ERR", StringComparison.Ordinal) || reply.StartsWith("-USAGE", StringComparison.Ordinal) || reply.StartsWith("INVALID COMMAND", StringComparison.Ordinal);
}
