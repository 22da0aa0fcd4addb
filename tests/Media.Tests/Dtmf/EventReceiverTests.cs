using XSwitchEngine.Media.Dtmf;

namespace XSwitchEngine.Media.Tests.Dtmf;

public sealed class EventReceiverTests
{
    private const uint Ssrc = 77;
    private EventReceiver _receiver;
    private readonly List<string> _log = [];

    [Fact]
    public void A_press_is_one_digit_however_often_its_end_is_repeated()
    {
        Add(5, 1000, 160, marker: true);
        Add(5, 1000, 320);
        Add(5, 1000, 480, end: true);
        Add(5, 1000, 480, end: true);
        Add(5, 1000, 480, end: true);
        Assert.Equal(["begin 5", "end 5 480"], _log);
    }

    [Fact]
    public void The_marker_is_not_needed()
    {
        Add(1, 1000, 160);
        Add(1, 1000, 320, end: true);
        Assert.Equal(["begin 1", "end 1 320"], _log);
    }

    [Fact]
    public void A_marker_on_every_packet_makes_no_further_digits()
    {
        Add(1, 1000, 160, marker: true);
        Add(1, 1000, 320, marker: true);
        Add(1, 1000, 320, marker: true, end: true);
        Assert.Equal(["begin 1", "end 1 320"], _log);
    }

    [Fact]
    public void Only_the_end_arrived() => Check(["begin 9", "end 9 800"], () => Add(9, 1000, 800, end: true));

    [Fact]
    public void The_same_key_twice_is_two_digits()
    {
        Add(4, 1000, 800, end: true);
        Add(4, 1000, 800, end: true);
        Add(4, 2600, 800, end: true);
        Add(4, 2600, 800, end: true);
        Assert.Equal(["begin 4", "end 4 800", "begin 4", "end 4 800"], _log);
    }

    [Fact]
    public void A_new_digit_ends_one_whose_end_was_lost()
    {
        Add(4, 1000, 160);
        Add(4, 1000, 320);
        Add(7, 2600, 160);
        Add(7, 2600, 320, end: true);
        Assert.Equal(["begin 4", "end 4 320", "begin 7", "end 7 320"], _log);
    }

    [Fact]
    public void Packets_of_a_digit_that_come_after_the_next_one_began_are_old()
    {
        Add(4, 1000, 800, end: true);
        Add(7, 2600, 160);
        Add(4, 1000, 800, end: true);
        Add(7, 2600, 320, end: true);
        Assert.Equal(["begin 4", "end 4 800", "begin 7", "end 7 320"], _log);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(36)]
    [InlineData(255)]
    public void Events_above_15_are_no_digits(byte number) => Check([], () => Add(number, 1000, 160, end: true));

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_payload_that_is_too_short_is_nothing(int length)
    {
        Assert.Equal(EventStep.None, _receiver.Add(new byte[length], true, 1000, Ssrc, 0));
        Assert.False(_receiver.IsActive);
    }

    [Fact]
    public void A_press_longer_than_the_duration_field_is_one_digit()
    {
        Add(3, 0, 160, marker: true);
        Add(3, 0, 65520);
        Add(3, 65520, 160);
        Add(3, 65520, 30000, end: true);
        Add(3, 65520, 30000, end: true);
        Assert.Equal(["begin 3", "end 3 95520"], _log);
    }

    [Fact]
    public void Another_source_may_use_the_same_timestamp()
    {
        Add(5, 1000, 800, end: true);
        Add(5, 1000, 800, end: true, ssrc: 78);
        Assert.Equal(["begin 5", "end 5 800", "begin 5", "end 5 800"], _log);
    }

    [Fact]
    public void Every_number_has_its_key()
    {
        for (byte i = 0; i < 16; i++)
        {
            Add(i, 1000u + (i * 2000u), 800, end: true);
        }

        Assert.Equal("0123456789*#ABCD", string.Concat(_log.Where(l => l.StartsWith("begin", StringComparison.Ordinal)).Select(l => l[6])));
    }

    private void Check(string[] expected, Action act)
    {
        act();
        Assert.Equal(expected, _log);
    }

    private void Add(byte number, uint timestamp, int units, bool marker = false, bool end = false, uint ssrc = Ssrc)
    {
        byte[] payload = [number, (byte)(end ? 0x8A : 0x0A), (byte)(units >> 8), (byte)units];
        if (_receiver.Interrupts(payload, marker, timestamp, ssrc))
        {
            _receiver.End();
            _log.Add($"end {_receiver.Digit} {_receiver.Units}");
        }

        var step = _receiver.Add(payload, marker, timestamp, ssrc, 0);
        if (step is EventStep.Began or EventStep.BeganAndEnded)
        {
            _log.Add($"begin {_receiver.Digit}");
        }

        if (step is EventStep.Ended or EventStep.BeganAndEnded)
        {
            _log.Add($"end {_receiver.Digit} {_receiver.Units}");
        }
    }
}
