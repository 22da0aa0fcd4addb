using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transactions;
using static XSwitchEngine.Plugins.Sip.Transactions.TransactionInputKind;

namespace XSwitchEngine.Sip.Tests.Transactions;

/// <summary>Every row of the timer table of RFC 3261 §17 and RFC 6026, with T1 500 ms, T2 4 s, T4 5 s.</summary>
public sealed class TransactionTimerTests
{
    private static readonly DateTimeOffset Start0 = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Packet = [1, 2, 3];
    private readonly List<TransactionOutput> _outputs = [];

    [Fact]
    public void Timer_A_repeats_the_invite_at_T1_doubling_each_time_until_timer_B_ends_it_at_64_T1()
    {
        var tx = InviteClient(reliable: false);
        tx.Handle(Start0, new TransactionInput(Start), _outputs);

        // 0.5 + 1 + 2 + 4 + 8 + 16 = 31.5; the next would be due after timer B at 32.
        Assert.Equal([500, 1000, 2000, 4000, 8000, 16000, 500], Gaps(tx, 7));
        Assert.Equal(TransactionState.Terminated, tx.State);
        Assert.Equal(TransactionOutputKind.TimedOut, _outputs[^1].Kind);
        Assert.Equal(7, _outputs.Count(o => o.Kind == TransactionOutputKind.Send));
    }

    [Fact]
    public void Timer_A_is_not_set_on_a_stream_but_timer_B_is()
    {
        var tx = InviteClient(reliable: true);
        tx.Handle(Start0, new TransactionInput(Start), _outputs);
        Assert.Equal([32000], Gaps(tx, 1));
        Assert.Equal(TransactionOutputKind.TimedOut, _outputs[^1].Kind);
    }

    [Fact]
    public void A_provisional_response_stops_timers_A_and_B()
    {
        var tx = InviteClient(reliable: false);
        tx.Handle(Start0, new TransactionInput(Start), _outputs);
        tx.Handle(Start0, new TransactionInput(Received, 100), _outputs);
        Assert.Equal(DateTimeOffset.MaxValue, tx.NextDeadline);
    }

    [Fact]
    public void After_cancel_the_final_response_is_waited_for_64_T1()
    {
        var tx = InviteClient(reliable: false);
        tx.Handle(Start0, new TransactionInput(Start), _outputs);
        tx.Handle(Start0, new TransactionInput(Received, 180), _outputs);
        tx.Handle(Start0, new TransactionInput(FinalDue), _outputs);
        Assert.Equal([32000], Gaps(tx, 1));
        Assert.Equal(TransactionState.Terminated, tx.State);
    }

    [Fact]
    public void A_late_provisional_response_does_not_lift_that_limit()
    {
        var tx = InviteClient(reliable: true);
        tx.Handle(Start0, new TransactionInput(Start), _outputs);
        tx.Handle(Start0, new TransactionInput(FinalDue), _outputs);
        tx.Handle(Start0, new TransactionInput(Received, 183), _outputs);
        Assert.Equal([32000], Gaps(tx, 1));
        Assert.Equal(TransactionState.Terminated, tx.State);
    }

    [Theory]
    [InlineData(false, 32000)]
    [InlineData(true, 0)]
    public void Timer_D_keeps_the_completed_client_for_32_s_over_udp_and_not_at_all_over_a_stream(bool reliable, int ms)
    {
        var tx = InviteClient(reliable);
        tx.Handle(Start0, new TransactionInput(Start), _outputs);
        _outputs.Clear();
        tx.Handle(Start0, new TransactionInput(Received, 486), _outputs);
        Assert.Equal([TransactionOutputKind.Acknowledge, TransactionOutputKind.Deliver], _outputs.Select(o => o.Kind));
        if (ms == 0)
        {
            Assert.Equal(TransactionState.Terminated, tx.State);
            return;
        }

        tx.SetAck([9]);
        _outputs.Clear();
        tx.Handle(Start0, new TransactionInput(Received, 486), _outputs);
        Assert.Equal([9], Assert.Single(_outputs).Packet!);    // a repeated response gets the ACK again and goes no further
        Assert.Equal([ms], Gaps(tx, 1));
        Assert.Equal(TransactionState.Terminated, tx.State);
    }

    [Fact]
    public void Timer_M_keeps_the_accepted_client_for_64_T1_and_hands_every_2xx_up()
    {
        var tx = InviteClient(reliable: false);
        tx.Handle(Start0, new TransactionInput(Start), _outputs);
        _outputs.Clear();
        tx.Handle(Start0, new TransactionInput(Received, 200), _outputs);
        tx.Handle(Start0, new TransactionInput(Received, 200), _outputs);
        Assert.Equal([TransactionOutputKind.Deliver, TransactionOutputKind.Deliver], _outputs.Select(o => o.Kind));
        Assert.Equal([32000], Gaps(tx, 1));
        Assert.Equal(TransactionState.Terminated, tx.State);
    }

    [Fact]
    public void Timer_E_repeats_other_requests_at_T1_doubling_to_T2_until_timer_F()
    {
        var tx = NonInviteClient(reliable: false);
        tx.Handle(Start0, new TransactionInput(Start), _outputs);

        // 0.5 + 1 + 2 + 7 × 4 = 31.5, then timer F at 32.
        Assert.Equal([500, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000, 4000, 500], Gaps(tx, 11));
        Assert.Equal(TransactionOutputKind.TimedOut, _outputs[^1].Kind);
    }

    [Fact]
    public void After_a_provisional_response_other_requests_are_repeated_at_T2()
    {
        var tx = NonInviteClient(reliable: false);
        tx.Handle(Start0, new TransactionInput(Start), _outputs);
        tx.Handle(Start0, new TransactionInput(Received, 100), _outputs);
        Assert.Equal([500, 4000, 4000], Gaps(tx, 3));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Timer_F_ends_other_requests_after_64_T1_on_every_transport(bool reliable)
    {
        var tx = NonInviteClient(reliable);
        tx.Handle(Start0, new TransactionInput(Start), _outputs);
        tx.Handle(Start0 + TimeSpan.FromSeconds(32), new TransactionInput(Tick), _outputs);
        Assert.Equal(TransactionState.Terminated, tx.State);
        Assert.Equal(TransactionOutputKind.TimedOut, _outputs[^1].Kind);
    }

    [Fact]
    public void Timer_K_absorbs_repeated_responses_for_T4_over_udp_and_ends_at_once_over_a_stream()
    {
        var udp = NonInviteClient(reliable: false);
        udp.Handle(Start0, new TransactionInput(Start), _outputs);
        udp.Handle(Start0, new TransactionInput(Received, 200), _outputs);
        _outputs.Clear();
        udp.Handle(Start0, new TransactionInput(Received, 200), _outputs);
        Assert.Empty(_outputs);
        Assert.Equal([5000], Gaps(udp, 1));
        Assert.Equal(TransactionState.Terminated, udp.State);

        var tcp = NonInviteClient(reliable: true);
        tcp.Handle(Start0, new TransactionInput(Start), _outputs);
        tcp.Handle(Start0, new TransactionInput(Received, 200), _outputs);
        Assert.Equal(TransactionState.Terminated, tcp.State);
    }

    [Fact]
    public void Timer_G_repeats_the_final_response_at_T1_doubling_to_T2_until_timer_H()
    {
        var tx = InviteServer(reliable: false);
        tx.Handle(Start0, new TransactionInput(Respond, 486, Packet), _outputs);
        Assert.Equal([500, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000, 4000, 500], Gaps(tx, 11));
        Assert.Equal(TransactionState.Terminated, tx.State);
        Assert.Equal(TransactionOutputKind.TimedOut, _outputs[^1].Kind);
    }

    [Fact]
    public void Timer_G_is_not_set_on_a_stream_but_timer_H_is()
    {
        var tx = InviteServer(reliable: true);
        tx.Handle(Start0, new TransactionInput(Respond, 486, Packet), _outputs);
        Assert.Equal([32000], Gaps(tx, 1));
        Assert.Equal(TransactionState.Terminated, tx.State);
    }

    [Fact]
    public void Timer_I_absorbs_repeated_acks_for_T4_over_udp_and_ends_at_once_over_a_stream()
    {
        var udp = InviteServer(reliable: false);
        udp.Handle(Start0, new TransactionInput(Respond, 486, Packet), _outputs);
        udp.Handle(Start0, new TransactionInput(Ack), _outputs);
        Assert.Equal(TransactionState.Confirmed, udp.State);
        _outputs.Clear();
        udp.Handle(Start0, new TransactionInput(Ack), _outputs);
        Assert.Empty(_outputs);
        Assert.Equal([5000], Gaps(udp, 1));
        Assert.Equal(TransactionState.Terminated, udp.State);

        var tcp = InviteServer(reliable: true);
        tcp.Handle(Start0, new TransactionInput(Respond, 486, Packet), _outputs);
        tcp.Handle(Start0, new TransactionInput(Ack), _outputs);
        Assert.Equal(TransactionState.Terminated, tcp.State);
    }

    [Fact]
    public void Timer_L_absorbs_repeated_invites_after_a_2xx_for_64_T1()
    {
        var tx = InviteServer(reliable: false);
        tx.Handle(Start0, new TransactionInput(Respond, 200, Packet), _outputs);
        Assert.Equal(TransactionState.Accepted, tx.State);
        _outputs.Clear();
        tx.Handle(Start0, new TransactionInput(Received), _outputs);
        Assert.Empty(_outputs);
        Assert.Equal([32000], Gaps(tx, 1));
        Assert.Equal(TransactionState.Terminated, tx.State);
    }

    [Fact]
    public void Timer_J_repeats_the_response_to_repeated_requests_for_64_T1_over_udp()
    {
        var udp = NonInviteServer(reliable: false);
        udp.Handle(Start0, new TransactionInput(Received), _outputs);
        Assert.Empty(_outputs);    // RFC 4320: nothing before there is something to say
        udp.Handle(Start0, new TransactionInput(Respond, 200, Packet), _outputs);
        udp.Handle(Start0, new TransactionInput(Received), _outputs);
        Assert.Equal(2, _outputs.Count(o => o.Kind == TransactionOutputKind.Send && o.Packet == Packet));
        Assert.Equal([32000], Gaps(udp, 1));
        Assert.Equal(TransactionState.Terminated, udp.State);

        var tcp = NonInviteServer(reliable: true);
        tcp.Handle(Start0, new TransactionInput(Respond, 200, Packet), _outputs);
        Assert.Equal(TransactionState.Terminated, tcp.State);
    }

    [Fact]
    public void A_repeated_invite_gets_the_last_provisional_response_again()
    {
        var tx = InviteServer(reliable: false);
        tx.Handle(Start0, new TransactionInput(Respond, 180, Packet), _outputs);
        _outputs.Clear();
        tx.Handle(Start0, new TransactionInput(Received), _outputs);
        Assert.Equal(Packet, Assert.Single(_outputs).Packet!);
    }

    [Fact]
    public void A_transport_failure_ends_a_calling_client_and_is_told()
    {
        var tx = InviteClient(reliable: true);
        tx.Handle(Start0, new TransactionInput(Start), _outputs);
        tx.Handle(Start0, new TransactionInput(TransportFailed), _outputs);
        Assert.Equal(TransactionState.Terminated, tx.State);
        Assert.Equal(TransactionOutputKind.Failed, _outputs[^1].Kind);
    }

    private static ClientRequest Request(SipMethod method) => new()
    {
        Method = method,
        Purpose = RequestPurpose.Message,
        RequestUri = [],
        From = [],
        To = [],
        CallId = [],
        CSeq = 1,
        Branch = "z9hG4bK1",
    };

    private static InviteClientTransaction InviteClient(bool reliable) =>
        new(TransactionTimers.Default, reliable, Packet) { Request = Request(SipMethod.Invite) };

    private static NonInviteClientTransaction NonInviteClient(bool reliable) =>
        new(TransactionTimers.Default, reliable, Packet) { Request = Request(SipMethod.Bye) };

    private static InviteServerTransaction InviteServer(bool reliable) => new(TransactionTimers.Default, reliable);

    private static NonInviteServerTransaction NonInviteServer(bool reliable) => new(TransactionTimers.Default, reliable);

    /// <summary>Ticks at each deadline and gives the gaps between them, ms.</summary>
    private List<double> Gaps(Transaction tx, int count)
    {
        var gaps = new List<double>();
        var now = Start0;
        for (var i = 0; i < count; i++)
        {
            gaps.Add((tx.NextDeadline - now).TotalMilliseconds);
            now = tx.NextDeadline;
            tx.Handle(now, new TransactionInput(Tick), _outputs);
        }

        return gaps;
    }
}
