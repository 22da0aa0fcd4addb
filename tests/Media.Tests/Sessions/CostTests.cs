using System.Net;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Rtp;
using XSwitchEngine.Media.Sessions;

namespace XSwitchEngine.Media.Tests.Sessions;

/// <summary>What packets and idle sessions may cost in memory; bytes that the runtime counts, so no measurement of time.</summary>
public sealed class CostTests
{
    private readonly NullOutput _output = new();
    private readonly MediaCore _core;
    private long _nowUs = 1;

    public CostTests() => _core = new MediaCore(_output) { Dtls = FakePlane.Dtls };

    [Theory]
    [InlineData(AudioCodec.Pcmu, AudioCodec.Pcmu)]
    [InlineData(AudioCodec.Pcmu, AudioCodec.G722)]
    [InlineData(AudioCodec.Pcmu, AudioCodec.Opus)]
    public void A_bridged_packet_allocates_nothing(AudioCodec first, AudioCodec second)
    {
        var (a, b) = (Add(first), Add(second));
        _core.Execute(new MediaCommand(CommandKind.Bridge, a, b), _nowUs);
        var packets = 0;
        AssertNoAllocation(() =>
        {
            var packet = _output.Packet;
            RtpHeader.Write(packet, a.Stream!.ReceivePayloadType, false, (ushort)packets, (uint)(packets * 160), 7);
            packets++;
            a.OnRtp(packet, _output.Source, _nowUs);
        });
        Assert.True(_output.Sent > 1900);
    }

    [Fact]
    public void A_played_frame_allocates_nothing()
    {
        var leg = Add(AudioCodec.Pcmu);
        Assert.True(Media.Audio.PlaybackSource.TryParse("tone_stream://%(1000,100,440,480);loops=-1", out var items, out _));
        _core.Execute(new MediaCommand(CommandKind.Play, leg, new Media.Audio.Playback(1, items, static _ => { }, 1)), _nowUs);
        AssertNoAllocation(static () => { });
        Assert.True(_output.Sent > 1900);
    }

    [Fact]
    public void A_room_of_ten_allocates_nothing()
    {
        var legs = Enumerable.Range(0, 10).Select(i => Add(i % 2 == 0 ? AudioCodec.Pcmu : AudioCodec.G722)).ToArray();
        foreach (var leg in legs)
        {
            _core.Execute(new MediaCommand(CommandKind.JoinRoom, leg, null, 1, (int)RoomFlags.Both), _nowUs);
        }

        AssertNoAllocation(static () => { });
        Assert.True(_output.Sent > 19_000);
    }

    [Fact]
    public void A_video_packet_allocates_nothing_for_any_number_of_viewers_nor_does_a_resend()
    {
        var legs = Enumerable.Range(0, 5).Select(_ => Add(AudioCodec.Pcmu)).ToArray();
        var video = new VideoStream(new VideoFormat(VideoCodec.Vp8, 0), MediaDirection.SendRecv) { SendPayloadType = 96, ReceivePayloadType = 96, Nack = true, PictureLoss = true, Bandwidth = true, TransportFeedbackId = 3 };
        for (var i = 0; i < legs.Length; i++)
        {
            _core.Execute(new MediaCommand(CommandKind.ConfigureVideo, legs[i], video), _nowUs);
            _core.Execute(new MediaCommand(i == 0 ? CommandKind.Publish : CommandKind.Watch, legs[i], null, 1), _nowUs);
        }

        var number = 0;
        var packet = new byte[1200];
        var nack = new byte[16];
        _ = RtcpFeedback.WriteNack(nack, 1, legs[1].Session.VideoSource, [1]);
        AssertNoAllocation(() =>
        {
            for (var i = 0; i < 20; i++, number++)
            {
                if (number % 100 == 50)
                {
                    continue; // one is lost: it is asked for, in vain
                }

                ReadOnlySpan<byte> extension = [0xBE, 0xDE, 0, 1, 0x31, (byte)(number >> 8), (byte)number, 0];
                RtpHeader.Write(packet, 96, false, (ushort)number, (uint)number * 300, 7);
                packet[0] |= 0x10;
                extension.CopyTo(packet.AsSpan(12));
                legs[0].OnRtp(packet, _output.Source, _nowUs);
            }

            nack[12] = (byte)((number - 5) >> 8);
            nack[13] = (byte)(number - 5);
            legs[1].OnRtcp(nack, _output.Source, _nowUs);
        });
        Assert.True(_output.Sent > 4 * 38_000);
    }

    [Fact]
    public void An_idle_session_takes_less_than_4_KiB()
    {
        Add(AudioCodec.Pcmu);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Add(AudioCodec.Pcmu);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 1000, 1, 4096);
    }

    /// <summary>Runs 40 s of frames: the first 2 s may still grow buffers.</summary>
    private void AssertNoAllocation(Action eachFrame)
    {
        var before = 0L;
        for (var frame = 0; frame < 2000; frame++)
        {
            if (frame == 100)
            {
                before = GC.GetAllocatedBytesForCurrentThread();
            }

            _nowUs += 20_000;
            eachFrame();
            _core.Run(_nowUs);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private MediaLeg Add(AudioCodec codec)
    {
        var type = codec == AudioCodec.G722 ? 9 : 0;
        var leg = new MediaLeg(new MediaSession(1, 1, 20000, 20001), 1, new byte[10]);
        _core.Execute(new MediaCommand(CommandKind.Add, leg), _nowUs);
        var stream = new AudioStream(new CodecOption(codec, codec switch { AudioCodec.G722 => 16000, AudioCodec.Opus => 48000, AudioCodec.Pcmu or AudioCodec.Pcma or AudioCodec.L16 => 8000, _ => 8000 }), MediaDirection.SendRecv, NullOutput.Remote, NullOutput.Remote) { SendPayloadType = type, ReceivePayloadType = type };
        _core.Execute(new MediaCommand(CommandKind.Configure, leg, stream), _nowUs);
        return leg;
    }

    private sealed class NullOutput : IMediaOutput
    {
        public static readonly IPEndPoint Remote = new(IPAddress.Loopback, 5000);

        public byte[] Packet { get; } = new byte[172];

        public NetAddress Source { get; } = NetAddress.From(Remote);

        public int Sent { get; private set; }

        public DateTimeOffset UtcNow => DateTimeOffset.UnixEpoch;

        public void Send(MediaLeg leg, bool rtcp, ReadOnlySpan<byte> packet, in NetAddress to) => Sent++;

        public void Connect(MediaLeg leg, in NetAddress to)
        {
        }

        public void Disconnect(MediaLeg leg)
        {
        }

        public void Emit(in MediaEvent mediaEvent)
        {
        }
    }
}
