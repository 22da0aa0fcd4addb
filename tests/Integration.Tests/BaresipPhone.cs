using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Integration.Tests;

/// <summary>Debian's baresip as a phone: speaks a tone, records what it hears, obeys the test.</summary>
internal sealed class BaresipPhone : ChildProcess
{
    private readonly TcpClient _control = new();
    private readonly SemaphoreSlim _eventArrived = new(0);
    private readonly List<JsonElement> _events = [];
    private readonly Lock _gate = new();
    private NetworkStream _stream = null!;

    private BaresipPhone(string directory, int controlPort)
        : base("baresip", ["-4", "-f", directory], directory)
    {
        Folder = directory;
        ControlPort = controlPort;
    }

    private string Folder { get; }

    private int ControlPort { get; }

    /// <summary>Starts a phone that registers.</summary>
    /// <param name="engine">Where.</param>
    /// <param name="number">As whom.</param>
    /// <param name="toneHz">What it speaks.</param>
    /// <param name="accountParameters">Such as <c>;transport=tcp</c> within the address or <c>;audio_codecs=PCMA</c>.</param>
    /// <param name="transport">udp, tcp or tls.</param>
    public static async Task<BaresipPhone> StartAsync(EngineProcess engine, string number, int toneHz, string accountParameters = ";audio_codecs=PCMU", string transport = "udp")
    {
        var directory = Directory.CreateTempSubdirectory("baresip-").FullName;
        var tone = Path.Combine(directory, "tone.wav");
        File.WriteAllBytes(tone, ToneFile(toneHz, seconds: 60));
        var (sip, control) = (Sipp.FreePort(), Sipp.FreePort());
        File.WriteAllText(Path.Combine(directory, "config"), $"""
            module_path /usr/lib/baresip/modules
            sip_listen 127.0.0.1:{sip}
            sip_verify_server no
            net_interface 127.0.0.1
            audio_source aufile,{tone}
            audio_player aubridge,nil
            audio_alert aubridge,nil
            ausrc_srate 8000
            auplay_srate 8000
            ausrc_channels 1
            auplay_channels 1
            ctrl_tcp_listen 127.0.0.1:{control}
            snd_path {directory}
            module g711.so
            module aufile.so
            module aubridge.so
            module sndfile.so
            module_app account.so
            module_app menu.so
            module_app ctrl_tcp.so

            """);
        File.WriteAllText(Path.Combine(directory, "accounts"),
            $"<sip:{number}@127.0.0.1:{(transport == "tls" ? engine.SipTlsPort : engine.SipPort)};transport={transport}>;auth_user={number};auth_pass={engine.Passwords[number]};regint=60{accountParameters}\n");
        File.WriteAllText(Path.Combine(directory, "contacts"), "");
        var phone = new BaresipPhone(directory, control);
        try
        {
            await phone.ConnectAsync();
            await EngineProcess.UntilAsync(
                async () => (await engine.ApiAsync("show registrations")).Contains($"\n{number},", StringComparison.Ordinal), $"{number} registers:\n{phone.Output}");
            return phone;
        }
        catch
        {
            await phone.DisposeAsync();
            throw;
        }
    }

    public Task DialAsync(string number) => CommandAsync("dial", number);

    public Task AcceptAsync() => CommandAsync("accept");

    public Task HangUpAsync() => CommandAsync("hangup");

    public Task HoldAsync() => CommandAsync("hold");

    public Task ResumeAsync() => CommandAsync("resume");

    /// <summary>Sends its peer to another number (RFC 3515).</summary>
    public Task TransferAsync(string number) => CommandAsync("transfer", number);

    /// <summary>Presses keys (RFC 4733).</summary>
    public async Task PressAsync(string keys)
    {
        foreach (var key in keys)
        {
            await CommandAsync("sndcode", key.ToString());
            await Task.Delay(350, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits for an event such as <c>CALL_ESTABLISHED</c>.</summary>
    public async Task WaitForAsync(string type, int seconds = 20)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (true)
        {
            lock (_gate)
            {
                if (_events.RemoveAll(e => e.TryGetProperty("type", out var t) && t.GetString() == type) > 0)
                {
                    return;
                }
            }

            try
            {
                await _eventArrived.WaitAsync(TimeSpan.FromMilliseconds(200), limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"no {type} within {seconds} s; events: {string.Join(' ', _events)}\n{Output}");
            }
        }
    }

    /// <summary>What the phone has heard in its latest call so far, 8 kHz samples.</summary>
    public short[] Heard()
    {
        var file = Directory.EnumerateFiles(Folder, "dump-*-dec.wav").Order().LastOrDefault() ?? throw new InvalidOperationException("the phone has heard nothing:\n" + Output);
        var bytes = File.ReadAllBytes(file);
        var samples = new short[Math.Max(0, (bytes.Length - 44) / 2)];
        Buffer.BlockCopy(bytes, 44, samples, 0, samples.Length * 2);
        return samples;
    }

    /// <summary>Share of a tone in the last part of what was heard, 0..1.</summary>
    public double HeardShare(double hz, int lastMs = 500)
    {
        var heard = Heard();
        var last = heard.AsSpan(Math.Max(0, heard.Length - (lastMs * 8)));
        return last.Length < lastMs * 4 ? 0 : Goertzel.Share(last, 8000, hz);
    }

    public override async ValueTask DisposeAsync()
    {
        _control.Dispose();
        await base.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task CommandAsync(string command, string parameters = "")
    {
        var json = JsonSerializer.Serialize(new { command, @params = parameters, token = "t" });
        await _stream.WriteAsync(Encoding.UTF8.GetBytes($"{Encoding.UTF8.GetByteCount(json)}:{json},"));
    }

    private async Task ConnectAsync()
    {
        for (var i = 0; ; i++)
        {
            try
            {
                await _control.ConnectAsync("127.0.0.1", ControlPort);
                break;
            }
            catch (SocketException) when (i < 100 && !Process.HasExited)
            {
                await Task.Delay(100);
            }
        }

        _stream = _control.GetStream();
        _ = ReadAsync();
    }

    /// <summary>Netstrings of JSON: <c>12:{...},</c>.</summary>
    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                var length = 0;
                for (var c = await ByteAsync(); c != ':'; c = await ByteAsync())
                {
                    length = (length * 10) + (c - '0');
                }

                var body = new byte[length];
                await _stream.ReadExactlyAsync(body);
                await ByteAsync();
                lock (_gate)
                {
                    _events.Add(JsonDocument.Parse(body).RootElement);
                }

                _eventArrived.Release();
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or JsonException)
        {
            // the phone ended
        }
    }

    private async Task<int> ByteAsync()
    {
        var one = new byte[1];
        await _stream.ReadExactlyAsync(one);
        return one[0];
    }

    private static byte[] ToneFile(int hz, int seconds)
    {
        const int Rate = 8000;
        var data = new short[Rate * seconds];
        for (var i = 0; i < data.Length; i++)
        {
            data[i] = (short)(10_000 * Math.Sin(2 * Math.PI * hz * i / Rate));
        }

        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("RIFF"u8);
        writer.Write(36 + (data.Length * 2));
        writer.Write("WAVEfmt "u8);
        writer.Write(16);
        writer.Write((short)1);
        writer.Write((short)1);
        writer.Write(Rate);
        writer.Write(Rate * 2);
        writer.Write((short)2);
        writer.Write((short)16);
        writer.Write("data"u8);
        writer.Write(data.Length * 2);
        foreach (var sample in data)
        {
            writer.Write(sample);
        }

        return stream.ToArray();
    }
}
