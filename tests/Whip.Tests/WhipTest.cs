using System.Text;
using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Whip;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Whip.Tests;

/// <summary>A plugin with a user and a token; requests go in, replies and events of legs come out.</summary>
public abstract class WhipTest
{
    protected const string Client = "198.51.100.20:50113";
    protected const string Token = "5b0c2f";

    protected WhipTest(string options = "{}")
    {
        Host = Make(options);
    }

    internal PluginTestHost Host { get; private set; }

    internal static PluginTestHost Make(string options)
    {
        var host = new PluginTestHost(new WhipPlugin(), options, 1,
            new ListenerSpec("whip", "whip", TransportKind.Http, "203.0.113.7:8081"), new ListenerSpec("whip-tls", "whip", TransportKind.Https, "203.0.113.7:8082"));
        var user = host.Users.Add("1000", "secret", "webrtc");
        host.Users.Tokens[Token] = Grant(user);
        return host;
    }

    internal static TokenGrant Grant(DirectoryUser user, params string[] destinations) =>
        new(user, user.Permissions, new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero), destinations);

    internal void Configure(string options) => Host = Make(options);

    /// <summary>Sends a request and gives the host's number of it.</summary>
    internal long Begin(string method, string path, string? body, params (string Name, string Value)[] headers)
    {
        var question = path.IndexOf('?', StringComparison.Ordinal);
        var request = new HttpRequest(
            method,
            question < 0 ? path : path[..question],
            question < 0 ? "" : path[(question + 1)..],
            [.. headers.Select(h => new KeyValuePair<string, string>(h.Name, h.Value))],
            Encoding.UTF8.GetBytes(body ?? "")) { Scheme = "https", Host = "pbx.example.net" };
        return Host.Request("whip-tls", Client, request);
    }

    /// <summary>The reply to a request, taken; null when there is none yet.</summary>
    internal HttpReply? Reply(long key) => Reply(Host, key);

    internal static HttpReply? Reply(PluginTestHost host, long key) => host.HttpReplies.Remove(key, out var reply) ? reply : null;

    /// <summary>Sends a request that is answered at once.</summary>
    internal HttpReply Send(string method, string path, string? body, params (string Name, string Value)[] headers) =>
        Reply(Begin(method, path, body, headers)) ?? throw new InvalidOperationException("No reply to " + method);

    internal static (string Name, string Value) Bearer(string token = Token) => ("Authorization", "Bearer " + token);

    internal static (string Name, string Value) Sdp => ("Content-Type", "application/sdp");

    internal static (string Name, string Value) Fragment => ("Content-Type", "application/trickle-ice-sdpfrag");

    internal long Post(string path, string offer) => Begin("POST", path, offer, Bearer(), Sdp);

    /// <summary>Makes a session that the core answers at once.</summary>
    internal (string Url, LegId Leg, HttpReply Created) Open(string path = "/api/whip/7701", string? offer = null, string? answer = null)
    {
        var key = Post(path, offer ?? Offers.Publish());
        var leg = Host.TakeEvent<LegEvent.Incoming>().Leg;
        Host.Command(new LegCommand.Answer(leg, answer ?? Offers.Answer()));
        Host.TakeEvent<LegEvent.Confirmed>();
        var created = Reply(key)!;
        Assert.Equal(201, created.Status);
        return (created.Header("Location")!, leg, created);
    }
}

internal static class ReplyReading
{
    public static string? Header(this HttpReply reply, string name) =>
        reply.Headers.Where(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value).FirstOrDefault();

    public static string[] All(this HttpReply reply, string name) =>
        [.. reply.Headers.Where(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value)];

    public static string Text(this HttpReply reply) => Encoding.UTF8.GetString(reply.Body.Span);

    /// <summary>A member of a problem-details body.</summary>
    public static string? Problem(this HttpReply reply, string member)
    {
        Assert.Equal("application/problem+json", reply.Header("Content-Type"));
        using var json = JsonDocument.Parse(reply.Body);
        return json.RootElement.TryGetProperty(member, out var value) ? value.ToString() : null;
    }
}
