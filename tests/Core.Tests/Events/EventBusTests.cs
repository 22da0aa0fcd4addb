using XSwitchEngine.Core.Events;

namespace XSwitchEngine.Core.Tests.Events;

public sealed class EventBusTests
{
    private readonly EventBus _bus = new();

    [Fact]
    public void Only_events_that_someone_subscribed_to_are_wanted()
    {
        Assert.False(_bus.IsWanted("CHANNEL_CREATE"));
        using (_bus.Subscribe(["CHANNEL_CREATE", "custom"], 10))
        {
            Assert.True(_bus.IsWanted("CHANNEL_CREATE"));
            Assert.True(_bus.IsWanted("CUSTOM"));
            Assert.False(_bus.IsWanted("CHANNEL_HANGUP"));
        }

        Assert.False(_bus.IsWanted("CHANNEL_CREATE"));
    }

    [Fact]
    public void Each_subscriber_gets_its_events_in_order()
    {
        using var all = _bus.Subscribe(["ALL"], 10);
        using var some = _bus.Subscribe(["B"], 10);
        Publish("A", "B", "C", "B");
        Assert.Equal(["A", "B", "C", "B"], Drain(all));
        Assert.Equal(["B", "B"], Drain(some));
    }

    [Fact]
    public void A_slow_subscriber_loses_its_oldest_events_is_told_how_many_and_harms_no_other()
    {
        using var slow = _bus.Subscribe(["ALL"], 3);
        using var good = _bus.Subscribe(["ALL"], 100);
        Publish("1", "2", "3", "4", "5");
        Assert.Equal(["3", "4", "5"], Drain(slow));
        Assert.Equal(2, slow.Dropped);
        Assert.Equal(["1", "2", "3", "4", "5"], Drain(good));
        Assert.Equal(0, good.Dropped);
        Assert.Equal(2, _bus.Dropped);
    }

    [Fact]
    public void A_subclass_selects_among_custom_events()
    {
        using var register = _bus.Subscribe(["CUSTOM", "sofia::register", "HEARTBEAT"], 10);
        using var one = _bus.Subscribe(["sofia::register"], 10);
        _bus.Publish(new SwitchEvent("CUSTOM", []) { Subclass = "sofia::register" });
        _bus.Publish(new SwitchEvent("CUSTOM", []) { Subclass = "conference::maintenance" });
        _bus.Publish(new SwitchEvent("HEARTBEAT", []));
        Assert.Equal(["CUSTOM", "CUSTOM", "HEARTBEAT"], Drain(register));
        Assert.Equal(["CUSTOM"], Drain(one));
    }

    [Fact]
    public async Task A_reader_waits_for_the_next_event_and_ends_with_its_subscription()
    {
        var subscription = _bus.Subscribe(["A"], 10);
        var waiting = subscription.ReadAsync(TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        Publish("A");
        Assert.Equal("A", (await waiting).Name);

        var last = subscription.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        subscription.Dispose();
        await Assert.ThrowsAnyAsync<System.Threading.Channels.ChannelClosedException>(() => last);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100_001)]
    public void The_queue_length_is_bounded(int capacity) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _bus.Subscribe(["ALL"], capacity));

    private void Publish(params string[] names)
    {
        foreach (var name in names)
        {
            _bus.Publish(new SwitchEvent(name, []));
        }
    }

    private static List<string> Drain(IEventSubscription subscription)
    {
        var names = new List<string>();
        while (subscription.TryRead(out var e))
        {
            names.Add(e.Name);
        }

        return names;
    }
}
