using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging.Abstractions;
using XSwitchEngine.Host.Control;

namespace XSwitchEngine.Host.Tests.Control;

[UnsupportedOSPlatform("windows")]
public sealed class ControlServerTests : IDisposable
{
    private readonly TempDirectory _data = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task A_command_is_run_and_its_reply_comes_back_verbatim()
    {
        await using var server = Serve(line => Task.FromResult($"<{line}>\n\nümlaut\n"));
        Assert.Equal("<show channels as json>\n\nümlaut\n", await ControlClient.ExecuteAsync(_data.Path, "show channels as json", Cancel));
    }

    [Fact]
    public async Task Only_the_owner_may_connect()
    {
        await using var server = Serve(Task.FromResult);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_data.File(ControlSocket.FileName)));
    }

    [Fact]
    public async Task Without_an_engine_the_client_says_so()
    {
        var e = await Assert.ThrowsAsync<IOException>(() => ControlClient.ExecuteAsync(_data.Path, "status", Cancel));
        Assert.StartsWith($"no engine is running with data directory {_data.Path}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_that_a_dead_engine_left_is_replaced()
    {
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(ControlSocket.EndPoint(_data.Path));
        }

        await Assert.ThrowsAsync<IOException>(() => ControlClient.ExecuteAsync(_data.Path, "status", Cancel));
        await using var server = Serve(_ => Task.FromResult("+OK\n"));
        Assert.Equal("+OK\n", await ControlClient.ExecuteAsync(_data.Path, "status", Cancel));
    }

    [Fact]
    public async Task The_socket_is_gone_when_the_engine_has_ended()
    {
        await Serve(Task.FromResult).DisposeAsync();
        Assert.False(File.Exists(_data.File(ControlSocket.FileName)));
    }

    [Fact]
    public async Task Several_commands_may_use_one_connection()
    {
        await using var server = Serve(line => Task.FromResult(line + "!"));
        await using var stream = await ConnectAsync();
        for (var i = 0; i < 3; i++)
        {
            await ControlFrame.WriteAsync(stream, $"command {i}", Cancel);
            Assert.Equal($"command {i}!", await ControlFrame.ReadAsync(stream, 100, Cancel));
        }
    }

    [Theory]
    [InlineData(ControlFrame.MaxCommand + 1u)]
    [InlineData(0x7fffffffu)]
    [InlineData(0xffffffffu)]
    public async Task A_claimed_length_past_the_limit_closes_that_connection_and_no_other(uint length)
    {
        await using var server = Serve(_ => Task.FromResult("+OK\n"));
        await using var other = await ConnectAsync();
        await using var liar = await ConnectAsync();
        var header = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(header, length);
        await liar.WriteAsync(header, Cancel);
        Assert.Null(await ControlFrame.ReadAsync(liar, 100, Cancel));

        await ControlFrame.WriteAsync(other, "status", Cancel);
        Assert.Equal("+OK\n", await ControlFrame.ReadAsync(other, 100, Cancel));
    }

    [Fact]
    public async Task A_client_that_goes_in_the_middle_of_a_frame_harms_nobody()
    {
        await using var server = Serve(_ => Task.FromResult("+OK\n"));
        for (var cut = 1; cut < 8; cut++)
        {
            await using var stream = await ConnectAsync();
            await stream.WriteAsync(new byte[] { 0, 0, 0, 6, (byte)'s', (byte)'t', (byte)'a', (byte)'t' }.AsMemory(0, cut), Cancel);
        }

        Assert.Equal("+OK\n", await ControlClient.ExecuteAsync(_data.Path, "status", Cancel));
    }

    [Fact]
    public async Task Connections_past_the_limit_are_closed_and_served_again_when_others_end()
    {
        await using var server = Serve(_ => Task.FromResult("+OK\n"));
        var held = new List<NetworkStream>();
        for (var i = 0; i < ControlServer.MaxConnections; i++)
        {
            var stream = await ConnectAsync();
            await ControlFrame.WriteAsync(stream, "x", Cancel);
            Assert.NotNull(await ControlFrame.ReadAsync(stream, 100, Cancel));
            held.Add(stream);
        }

        await using (var refused = await ConnectAsync())
        {
            Assert.Equal(0, await refused.ReadAsync(new byte[1], Cancel));
        }

        held.ForEach(h => h.Dispose());
        string? reply = null;
        while (reply is null)
        {
            Cancel.ThrowIfCancellationRequested();
            await using var again = await ConnectAsync();
            try
            {
                await ControlFrame.WriteAsync(again, "x", Cancel);
                reply = await ControlFrame.ReadAsync(again, 100, Cancel);
            }
            catch (IOException)
            {
                // The server has not seen yet that the held ones are closed.
            }
        }

        Assert.Equal("+OK\n", reply);
    }

    [Fact]
    public async Task A_command_that_throws_is_answered_and_the_server_goes_on()
    {
        await using var server = Serve(line => line == "bad" ? throw new InvalidOperationException("broken") : Task.FromResult("+OK\n"));
        Assert.Equal("-ERR InvalidOperationException: broken\n", await ControlClient.ExecuteAsync(_data.Path, "bad", Cancel));
        Assert.Equal("+OK\n", await ControlClient.ExecuteAsync(_data.Path, "good", Cancel));
    }

    [Theory]
    [InlineData("-ERR NO_ANSWER\n", true)]
    [InlineData("-USAGE: <uuid>\n", true)]
    [InlineData("INVALID COMMAND!\n", true)]
    [InlineData("+OK\n", false)]
    [InlineData("\n0 total.\n", false)]
    [InlineData("", false)]
    public void Replies_that_begin_as_failures_are_failures(string reply, bool failed) => Assert.Equal(failed, ControlClient.IsFailure(reply));

    private ControlServer Serve(Func<string, Task<string>> execute) =>
        new(_data.Path, (line, _) => execute(line), NullLogger<ControlServer>.Instance);

    private async Task<NetworkStream> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(ControlSocket.EndPoint(_data.Path), Cancel);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
