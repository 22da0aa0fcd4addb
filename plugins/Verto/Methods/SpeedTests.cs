using System.Buffers.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.Methods;

/// <summary>The speed test of <c>#SP</c> lines: how long a client's bytes take to come, and ours to go (§1.1).</summary>
/// <remarks>What goes out is paced by the connection's queue: at most <see cref="MaxQueued"/> bytes wait there, so that calls on the same socket go on.</remarks>
internal sealed class SpeedTests(VertoContext context)
{
    public const int MaxBytes = 10_485_760;

    private const int Frame = 1024, Rounds = 10, MaxQueued = 256 * 1024;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);

    private static readonly byte[] Filler = [.. "#SPB "u8, .. Enumerable.Repeat((byte)'.', Frame - 5)];

    public void OnLine(VertoSession session, ReadOnlySpan<byte> line)
    {
        if (line.Length < 4 || !line.StartsWith("#SP"u8))
        {
            return;
        }

        switch (line[3])
        {
            case (byte)'U':
                var number = line[4..].TrimStart((byte)' ');
                if (Utf8Parser.TryParse(number, out int bytes, out _) && bytes is > 0 and <= MaxBytes && session.SpeedTest is null)
                {
                    session.SpeedTest = new SpeedTest(bytes, context.Now);
                }

                break;
            case (byte)'E' when session.SpeedTest is { IsUpload: true } test:
                context.SendNow(session, System.Text.Encoding.ASCII.GetBytes($"#SPU {Milliseconds(test.Since)}"));
                test.IsUpload = false;
                test.Rounds = Rounds;
                test.Left = test.Bytes;
                test.Since = context.Now;
                Go(session, test);
                break;
            default:
                break;
        }
    }

    /// <summary>The queue of a socket has had time to empty.</summary>
    public void OnTimer(ConnectionId connection)
    {
        if (context.Sessions.Find(connection) is { IsClosing: false, SpeedTest: { IsUpload: false } test } session)
        {
            Go(session, test);
        }
    }

    private void Go(VertoSession session, SpeedTest test)
    {
        var room = MaxQueued - context.Host.QueuedBytes(session.Connection);
        while (room > 0 && test.Rounds > 0)
        {
            var frame = Math.Min(test.Left, Frame);
            context.Host.Send(session.Connection, Filler.AsSpan(0, frame));
            room -= frame;
            test.Left -= frame;
            if (test.Left == 0)
            {
                test.Rounds--;
                test.Left = test.Rounds > 0 ? test.Bytes : 0;
            }
        }

        if (test.Rounds > 0 || context.Host.QueuedBytes(session.Connection) > 0)
        {
            context.Host.SetTimer(TimerKey.Make(TimerKind.SpeedTest, session.Connection.Value), Pace);
            return;
        }

        session.SpeedTest = null;
        context.SendNow(session, System.Text.Encoding.ASCII.GetBytes($"#SPD {Math.Max(1, Milliseconds(test.Since) / Rounds)}"));
    }

    /// <summary>Whole milliseconds, never 0: clients divide by them.</summary>
    private long Milliseconds(DateTimeOffset since) => Math.Max(1, (long)(context.Now - since).TotalMilliseconds);
}
