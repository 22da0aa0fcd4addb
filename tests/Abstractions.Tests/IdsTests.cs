namespace XSwitchEngine.Abstractions.Tests;

public sealed class IdsTests
{
    [Fact]
    public void The_text_of_a_leg_is_its_UUID_in_lower_case_with_dashes()
    {
        // RFC 9562 §4: the form that scripts and the event socket see.
        var leg = new LegId(new Guid([0x39, 0xf5, 0xb0, 0xd8, 0x12, 0x34, 0x4a, 0xbc, 0x8d, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab], bigEndian: true));
        Assert.Equal("39f5b0d8-1234-4abc-8def-0123456789ab", leg.ToString());
        Assert.Equal("39f5b0d8-1234-4abc-8def-0123456789ab", $"{leg}");
    }

    [Fact]
    public void Ids_of_different_kinds_are_equal_by_value_and_default_is_none()
    {
        Assert.Equal(new ConnectionId(7), new ConnectionId(7));
        Assert.NotEqual(new ConnectionId(7), new ConnectionId(8));
        Assert.Equal(0, default(ListenerId).Value);
        Assert.Equal(0, default(TimerId).Value);
        Assert.Equal(default, new LegId(Guid.Empty));
    }
}
