using System.Globalization;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;

namespace XSwitchEngine.Integration.Tests;

/// <summary>A page's SIP stack without the page: one WebSocket (RFC 7118) that registers by digest MD5 and answers pings of the engine.</summary>
internal sealed class SipSocket : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly Channel<string> _responses = Channel.CreateUnbounded<string>();
    private readonly Channel<string> _requests = Channel.CreateUnbounded<string>();
    private readonly string _id = Guid.NewGuid().ToString("N")[..12];
    private readonly string _number;
    private readonly string _password;
    private Task _reading = Task.CompletedTask;
    private string _authorization = "";
    private string _nonce = "";
    private int _count;
    private int _cseq;

    private SipSocket(string number, string password)
    {
        (_number, _password) = (number, password);
        _socket.Options.AddSubProtocol("sip");
        _socket.Options.SetRequestHeader("Origin", "http://localhost");
    }

    public bool IsOpen => _socket.State == WebSocketState.Open && !_reading.IsCompleted;

    /// <summary>Requests of the engine, whole messages.</summary>
    public ChannelReader<string> Requests => _requests.Reader;

    public static async Task<SipSocket> ConnectAsync(int port, string number, string password)
    {
        var client = new SipSocket(number, password);
        await client._socket.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/"), TestContext.Current.CancellationToken);
        client._reading = client.ReadAsync();
        return client;
    }

    /// <summary>Registers, or registers again; answers a challenge once.</summary>
    /// <returns>Status of the last response.</returns>
    public async Task<int> RegisterAsync()
    {
        for (var i = 0; ; i++)
        {
            await SendAsync($"""
                REGISTER sip:xswitch.local SIP/2.0
                Via: SIP/2.0/WS {_id}.invalid;branch=z9hG4bK{_id}{++_cseq}
                Max-Forwards: 69
                To: <sip:{_number}@xswitch.local>
                From: <sip:{_number}@xswitch.local>;tag={_id}
                Call-ID: {_id}
                CSeq: {_cseq} REGISTER
                Contact: <sip:{_id}@{_id}.invalid;transport=ws>;reg-id=1;+sip.instance="<urn:uuid:00000000-0000-4000-8000-{_id}>";expires=600
                Supported: path, outbound
                {_authorization}Content-Length: 0


                """);
            var response = await _responses.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
            var status = int.Parse(response.Split(' ')[1], CultureInfo.InvariantCulture);
            if (status != 401 || i == 2)
            {
                Authorize(_nonce);
                return status;
            }

            var challenge = response.Split("\r\n").First(l => l.StartsWith("WWW-Authenticate", StringComparison.OrdinalIgnoreCase));
            _count = 0;
            Authorize(challenge.Split("nonce=\"")[1].Split('"')[0]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _reading;
    }

    private void Authorize(string nonce)
    {
        _nonce = nonce;
        var nc = (++_count).ToString("x8", CultureInfo.InvariantCulture);
        var response = Md5($"{Md5($"{_number}:xswitch.local:{_password}")}:{nonce}:{nc}:c0ffee:auth:{Md5("REGISTER:sip:xswitch.local")}");
        _authorization = $"Authorization: Digest algorithm=MD5, username=\"{_number}\", realm=\"xswitch.local\", nonce=\"{nonce}\", uri=\"sip:xswitch.local\", response=\"{response}\", qop=auth, cnonce=\"c0ffee\", nc={nc}\r\n";
    }

#pragma warning disable CA5351 // what digest authentication of browsers has
    private static string Md5(string text) => Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351

    private Task SendAsync(string message) =>
        _socket.SendAsync(Encoding.UTF8.GetBytes(message.ReplaceLineEndings("\r\n")), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);

    private async Task ReadAsync()
    {
        var buffer = new byte[65_536];
        try
        {
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                var message = Encoding.UTF8.GetString(buffer, 0, part.Count);
                (message.StartsWith("SIP/2.0", StringComparison.Ordinal) ? _responses : _requests).Writer.TryWrite(message);
            }
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            // the socket ended: IsOpen says so
        }
    }
}
