using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace XSwitchEngine.Host.Control;

/// <summary>Serves API commands on the control socket of the data directory, to its owner only.</summary>
/// <remarks>
/// Any number of commands a connection, one after another. At most <see cref="MaxConnections"/> connections; further ones are closed at once.
/// The caller holds the data directory's lock, so a socket file that is there is a dead engine's.
/// </remarks>
internal sealed class ControlServer : IAsyncDisposable
{
    /// <summary>Most connections at once.</summary>
    public const int MaxConnections = 32;

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, CancellationToken, Task<string>> _execute;
    private readonly ILogger _logger;
    private readonly string _path;
    private readonly Task _accepting;
    private int _connections;

    /// <summary>Binds the socket and begins to serve.</summary>
    /// <param name="dataDirectory">Absolute; its lock is held by the caller.</param>
    /// <param name="execute">Runs one command line.</param>
    /// <param name="logger">For failed connections.</param>
    /// <exception cref="IOException">The socket cannot be bound.</exception>
    public ControlServer(string dataDirectory, Func<string, CancellationToken, Task<string>> execute, ILogger<ControlServer> logger)
    {
        _execute = execute;
        _logger = logger;
        _path = Path.Combine(dataDirectory, ControlSocket.FileName);
        File.Delete(_path);
        try
        {
            _listener.Bind(ControlSocket.EndPoint(dataDirectory));
        }
        catch (SocketException e)
        {
            throw new IOException($"{_path}: {e.Message}", e);
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        // Nobody can connect before this, so nobody can before the rights are set.
        _listener.Listen(MaxConnections);
        _accepting = AcceptAsync();
    }

    /// <summary>Closes the socket and waits for connections to end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        File.Delete(_path);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var connection = await _listener.AcceptAsync(_stop.Token);
                serving.RemoveAll(t => t.IsCompleted);
                if (Interlocked.Increment(ref _connections) > MaxConnections)
                {
                    Interlocked.Decrement(ref _connections);
                    connection.Dispose();
                    continue;
                }

                serving.Add(ServeAsync(connection));
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                if (!_stop.IsCancellationRequested)
                {
                    Log.ControlFailed(_logger, e.Message);
                    await Task.Delay(100, CancellationToken.None);
                }
            }
        }

        await Task.WhenAll(serving);
    }

    private async Task ServeAsync(Socket connection)
    {
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            while (await ControlFrame.ReadAsync(stream, ControlFrame.MaxCommand, _stop.Token) is { } command)
            {
                await ControlFrame.WriteAsync(stream, await ExecuteAsync(command), _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The client is gone, or the engine ends.
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }

    private async Task<string> ExecuteAsync(string command)
    {
        try
        {
            return await _execute(command.Trim(), _stop.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Log.CommandFailed(_logger, e, command);
            return $"-ERR {e.GetType().Name}: {e.Message}\n";
        }
    }
}
