using System.Text;
using CsCheck;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip;
using XSwitchEngine.TestKit;

namespace XSwitchEngine.Conformance.Tests.Sip;

/// <summary>RFC 4475 and RFC 5118, message by message, through the whole plugin over UDP and TCP.</summary>
public sealed class TortureTests
{
    private const string Password = "secret";

    private static readonly ListenerSpec[] Listeners =
    [
        new("internal-udp", "internal", TransportKind.Udp, "192.0.2.1:5060"),
        new("internal-tcp", "internal", TransportKind.Tcp, "192.0.2.1:5060"),
    ];

    public static TheoryData<string, string, string> Udp => Rows(1);

    public static TheoryData<string, string, string> Tcp => Rows(2);

    public static TheoryData<string, string> Files
    {
        get
        {
            var files = new TheoryData<string, string>();
            foreach (var set in new[] { "rfc4475", "rfc5118" })
            {
                foreach (var file in Directory.GetFiles(Path.Combine(Root, set), "*.dat").Order(StringComparer.Ordinal))
                {
                    files.Add(set, Path.GetFileNameWithoutExtension(file));
                }
            }

            return files;
        }
    }

    private static string Root => Path.Combine(AppContext.BaseDirectory, "vectors");

    [Fact]
    public void Every_message_has_a_verdict()
    {
        Assert.Equal(49 + 11, Files.Count);
        Assert.Equal(Files.Count, Udp.Count);
    }

    [Theory]
    [MemberData(nameof(Udp))]
    public void By_udp_each_message_gets_its_verdict_and_the_next_is_served(string set, string name, string verdict)
    {
        var host = NewHost();
        var message = Load(set, name);
        host.Datagram("internal-udp", "192.0.2.99:5060", message);
        var answers = Answers(host);
        if (verdict.StartsWith("401>", StringComparison.Ordinal))
        {
            Assert.Equal("401", Join(answers));
            host.Datagram("internal-udp", "192.0.2.99:5060", WithCredentials(host, message, answers[0]));
            answers = Answers(host);
            verdict = verdict[4..];
        }

        Assert.Equal(verdict == "drop" ? "" : verdict, Join(answers));
        AssertSane(answers, message);
        AssertAlive(host, name);
    }

    [Theory]
    [MemberData(nameof(Tcp))]
    public void By_tcp_each_message_gets_its_verdict_and_others_are_served(string set, string name, string verdict)
    {
        var host = NewHost();
        var connection = host.Accept("internal-tcp", "192.0.2.99:40000");
        var message = Load(set, name);
        host.Receive(connection, message);
        var answers = Answers(host);
        if (verdict.StartsWith("401>", StringComparison.Ordinal))
        {
            Assert.Equal("401", Join(answers));
            host.Receive(connection, WithCredentials(host, message, answers[0]));
            answers = Answers(host);
            verdict = verdict[4..];
        }

        var closes = verdict.EndsWith("close", StringComparison.Ordinal);
        Assert.Equal(closes, !connection.IsOpen);
        var expected = verdict is "drop" or "wait" or "close" ? "" : verdict.Split(' ')[0];
        Assert.Equal(expected, Join(answers));
        if (verdict == "wait")
        {
            host.Advance(TimeSpan.FromSeconds(60));
            Assert.False(connection.IsOpen);
        }

        AssertAlive(host, name);
    }

    /// <summary>Cut off anywhere, a message never throws, never makes a call that the whole would not, and leaves nothing.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Truncated_at_every_byte_nothing_throws_and_nothing_is_left(string set, string name)
    {
        var host = NewHost();
        var message = Load(set, name);
        var step = message.Length > 1500 ? 7 : 1;
        for (var length = 0; length < message.Length; length += step)
        {
            host.Datagram("internal-udp", "192.0.2.99:5060", message.AsMemory(0, length));
        }

        AssertAlive(host, name);
        var stream = host.Accept("internal-tcp", "192.0.2.99:40000");
        foreach (var b in message)
        {
            host.Receive(stream, new[] { b });
        }

        host.Drop(stream);
        AssertAlive(host, name);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Each_byte_removed_doubled_and_replaced_nothing_throws_and_nothing_is_left(string set, string name)
    {
        var host = NewHost();
        var message = Load(set, name);
        var step = Math.Max(1, message.Length / 400);
        for (var at = 0; at < message.Length; at += step)
        {
            host.Datagram("internal-udp", "192.0.2.99:5060", (byte[])[.. message[..at], .. message[(at + 1)..]]);
            host.Datagram("internal-udp", "192.0.2.99:5060", (byte[])[.. message[..(at + 1)], .. message[at..]]);
            host.Datagram("internal-udp", "192.0.2.99:5060", (byte[])[.. message[..at], (byte)(message[at] ^ 0x15), .. message[(at + 1)..]]);
        }

        AssertAlive(host, name);
    }

    [Fact]
    public void Messages_mixed_at_random_never_throw_and_leave_nothing()
    {
        var messages = Files.Select(f => Load(f.Data.Item1, f.Data.Item2)).ToArray();
        var gen = Gen.Select(Gen.Int[0, messages.Length - 1], Gen.Int[0, messages.Length - 1], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Bool);
        gen.Array[1, 20].Sample(
            picks =>
            {
                var host = NewHost();
                var connection = host.Accept("internal-tcp", "192.0.2.98:40000");
                foreach (var (a, b, cutA, cutB, byTcp) in picks)
                {
                    byte[] mixed = [.. messages[a][..(int)(messages[a].Length * cutA)], .. messages[b][(int)(messages[b].Length * cutB)..]];
                    if (byTcp && connection.IsOpen)
                    {
                        host.Receive(connection, mixed);
                    }
                    else
                    {
                        host.Datagram("internal-udp", "192.0.2.99:5060", mixed);
                    }
                }

                AssertAlive(host, "mix");
            },
            iter: 300,
            threads: 1);
    }

    private static PluginTestHost NewHost()
    {
        // Calls are let in by their network, so that what is tested is the message; registrations need credentials always.
        var host = new PluginTestHost(new SipPlugin(), """{ "internalAcl": ["192.0.2.0/24"] }""", 1, Listeners);
        host.Users.Aliases.Add("2001:db8::10");
        foreach (var user in new[] { "user", "watson", "j.user", "null-%00-null" })
        {
            host.Users.Add(user, Password);
        }

        return host;
    }

    private static TheoryData<string, string, string> Rows(int column)
    {
        var rows = new TheoryData<string, string, string>();
        foreach (var set in new[] { "rfc4475", "rfc5118" })
        {
            foreach (var line in File.ReadAllLines(Path.Combine(Root, set, "verdicts.txt")))
            {
                var text = line.Split('#')[0].TrimEnd();
                if (text.Length > 0)
                {
                    var name = text.Split(' ')[0];
                    var rest = text[name.Length..].Trim();
                    var udp = rest.Split(' ')[0];
                    rows.Add(set, name, column == 1 ? udp : rest[udp.Length..].Trim());
                }
            }
        }

        return rows;
    }

    private static byte[] Load(string set, string name) => File.ReadAllBytes(Path.Combine(Root, set, name + ".dat"));

    private static List<SipTestMessage> Answers(PluginTestHost host) => [.. host.TakeAll().Select(p => new SipTestMessage(p.Text))];

    private static string Join(List<SipTestMessage> answers) => string.Join('+', answers.Select(a => a.Status));

    /// <summary>The request again with an Authorization line, as its sender would send it after the challenge.</summary>
    private static byte[] WithCredentials(PluginTestHost host, byte[] message, SipTestMessage challenge)
    {
        var text = Encoding.Latin1.GetString(message);
        var uri = text.Split(' ')[1];
        var to = text.Split("\r\nTo: ")[1].Split("\r\n")[0];
        var user = to.Split("sip:")[1].Split('@')[0];
        var line = new SipPeer(host, user).Authorize(challenge, "REGISTER", uri, Password);
        return Encoding.Latin1.GetBytes(text.Replace("\r\nMax-Forwards", "\r\n" + line + "Max-Forwards", StringComparison.Ordinal));
    }

    /// <summary>An answer repeats what identifies the request, byte for byte.</summary>
    private static void AssertSane(List<SipTestMessage> answers, byte[] message)
    {
        var text = Encoding.UTF8.GetString(message);
        foreach (var answer in answers)
        {
            Assert.Contains(answer["Call-ID"], text, StringComparison.Ordinal);
            Assert.Equal("0", answer["Content-Length"]);
            foreach (var uri in new[] { answer["From"], answer["To"] })
            {
                var bare = uri.Split(";tag=")[0].Trim();
                Assert.Contains(bare.Split('<')[^1].Split('>')[0].Trim(), text, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>The next good request is served, and when all have hung up nothing is left.</summary>
    private static void AssertAlive(PluginTestHost host, string name)
    {
        host.TakeAll();
        host.Datagram("internal-udp", "192.0.2.100:5060", "OPTIONS sip:192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.100;branch=z9hG4bKgood\nFrom: <sip:good@example.com>;tag=1\nTo: <sip:192.0.2.1>\nCall-ID: good\nCSeq: 1 OPTIONS\nMax-Forwards: 70\nContent-Length: 0\n\n");
        Assert.Equal("SIP/2.0 200 OK", host.Take().FirstLine);
        foreach (var e in host.LegEvents.OfType<LegEvent.Incoming>().ToArray())
        {
            host.Command(new LegCommand.Hangup(e.Leg, HangupCause.UserBusy, 0, ""));
        }

        host.Advance(TimeSpan.FromSeconds(70));
        host.TakeAll();
        host.ClearEvents();
        var parts = ((SipPlugin)host.Plugin).Parts;
        Assert.True(parts.Transactions.Count == 0, name);
        Assert.Equal(0, parts.Legs.Count);
        Assert.Equal(0, parts.Legs.Dialogs);
    }
}
