using System.Net.WebSockets;

namespace XSwitchEngine.RtpLoad;

/// <summary>Browser-like clients that only stay.</summary>
internal static class IdleSockets
{
    /// <summary>Opens them, prints how many are open, and waits to be ended.</summary>
    public static async Task<int> RunAsync(int port, int clients)
    {
        var sockets = new List<ClientWebSocket>();
        try
        {
            for (var i = 0; i < clients; i++)
            {
                var socket = new ClientWebSocket();
                socket.Options.SetRequestHeader("Origin", $"http://localhost:{port}");
                sockets.Add(socket);
                await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/ws"), CancellationToken.None);
            }
        }
        catch (WebSocketException e)
        {
            Console.WriteLine($"{sockets.Count - 1} open, then {e.Message}");
            return 1;
        }

        Console.WriteLine($"{clients} open");
        await Task.Delay(TimeSpan.FromMinutes(2));
        return 0;
    }
}
