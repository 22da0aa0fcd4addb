using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace XSwitchEngine.Integration.Tests;

/// <summary>SIP profiles beyond the two that are shipped: added, changed and taken away by reload, beside calls that go on.</summary>
public sealed class ProfileTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_profile_comes_changes_and_goes_by_reload()
    {
        var directory = Directory.CreateTempSubdirectory("profile-").FullName;
        var file = Path.Combine(directory, "xswitch.json");
        var (port, tls) = (Sipp.FreePort(), Sipp.FreePort());
        await File.WriteAllTextAsync(file, "{}", Cancel);
        await using var engine = await EngineProcess.StartAsync("--config", file, "--Sip:internalAcl=127.0.0.1/32", "--Engine:ProfileContexts:internal=default", "--Engine:ScriptDirectory=" + Repo.Scenarios);
        await using var live = Sipp.Start(engine, "call", "1000", "6200", "-d", "60000", "-key", "media_port_key", "40000");
        await EngineProcess.UntilAsync(async () => await engine.ChannelsAsync() == 1, "a call is up");

        await File.WriteAllTextAsync(file, $$"""
            { "Sip": { "profiles": { "carrier": { "Address": "127.0.0.1", "Port": {{port}}, "tls": { "Port": {{tls}} }, "authenticate": false, "register": false, "acl": ["127.0.0.1"], "context": "default" } } } }
            """, Cancel);
        Assert.StartsWith("+OK", await engine.ApiAsync("reload"), StringComparison.Ordinal);
        await using (var caller = Sipp.RunAt(port, "caller", "", "6200"))
        {
            await EngineProcess.UntilAsync(async () => (await engine.ApiAsync("show channels")).Contains("sofia/carrier/", StringComparison.Ordinal), "the call is the profile's");
            await caller.SucceedsAsync();
        }

        Assert.True(await TakesTcpAsync(port));
        Assert.True(await IsServedByTlsAsync(tls));
        Assert.Contains("carrier", await engine.ApiAsync("sofia status"), StringComparison.Ordinal);

        // The same listener wants a certificate of whoever comes next.
        await File.WriteAllTextAsync(file, $$"""{ "Sip": { "profiles": { "carrier": { "Address": "127.0.0.1", "Port": {{port}}, "tls": { "Port": {{tls}}, "ClientCertificates": "require" } } } } }""", Cancel);
        Assert.StartsWith("+OK", await engine.ApiAsync("reload"), StringComparison.Ordinal);
        Assert.False(await IsServedByTlsAsync(tls));

        // Other rules for what comes next: nobody is let in by address any more.
        await File.WriteAllTextAsync(file, $$"""{ "Sip": { "profiles": { "carrier": { "Address": "127.0.0.1", "Port": {{port}}, "acl": [] } } } }""", Cancel);
        Assert.StartsWith("+OK", await engine.ApiAsync("reload"), StringComparison.Ordinal);
        Assert.False(await TakesTcpAsync(tls));
        Assert.StartsWith("SIP/2.0 407", await InviteAsync(port), StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, "{}", Cancel);
        Assert.StartsWith("+OK", await engine.ApiAsync("reload"), StringComparison.Ordinal);
        await EngineProcess.UntilAsync(async () => !await TakesTcpAsync(port), "the profile is gone");
        Assert.Equal(1, await engine.ChannelsAsync());
        await engine.ApiAsync("hupall");
        await Scenes.NothingLeftAsync(engine);
        Directory.Delete(directory, recursive: true);
    }

    private static async Task<bool> TakesTcpAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port, Cancel);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Whether a client without a certificate gets an answer.</summary>
    private static async Task<bool> IsServedByTlsAsync(int port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, Cancel);
        await using var stream = new SslStream(client.GetStream(), false, (_, certificate, _, _) => certificate is not null);
        try
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, Cancel);
            await stream.WriteAsync(Encoding.ASCII.GetBytes("OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKtls\r\nMax-Forwards: 70\r\nFrom: <sip:a@127.0.0.1>;tag=a\r\nTo: <sip:127.0.0.1>\r\nCall-ID: tls\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"), Cancel);
            return await stream.ReadAsync(new byte[1], Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(5), Cancel) == 1;
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return false;
        }
    }

    /// <summary>The first response to an INVITE without credentials.</summary>
    private static async Task<string> InviteAsync(int port)
    {
        using var client = new UdpClient("127.0.0.1", port);
        await client.SendAsync(Encoding.ASCII.GetBytes($"""
            INVITE sip:6200@127.0.0.1:{port} SIP/2.0
            Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKprofile;rport
            Max-Forwards: 70
            From: <sip:1001@127.0.0.1>;tag=a
            To: <sip:6200@127.0.0.1>
            Call-ID: profile
            CSeq: 1 INVITE
            Contact: <sip:1001@127.0.0.1>
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")), Cancel);
        string response;
        do
        {
            response = Encoding.ASCII.GetString((await client.ReceiveAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(5), Cancel)).Buffer);
        }
        while (response.StartsWith("SIP/2.0 1", StringComparison.Ordinal));
        return response;
    }
}
