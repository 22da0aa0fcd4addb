using Prometheus;
using XSwitchEngine.Core.Cdr;

namespace XSwitchEngine.Host.Http;

/// <summary>Metrics of ended legs, taken from their records on the way to the journal, so that what is counted is what is billed.</summary>
internal sealed class CallMetrics : ICdrJournal
{
    private readonly ICdrJournal _next;
    private readonly Counter _calls;
    private readonly Histogram _setup;
    private readonly Histogram _mos;
    private readonly Histogram _jitter;
    private readonly Counter _lost;
    private readonly Counter _received;

    /// <summary>Makes the metrics.</summary>
    /// <param name="next">The journal.</param>
    /// <param name="registry">Where metrics are registered.</param>
    public CallMetrics(ICdrJournal next, CollectorRegistry registry)
    {
        _next = next;
        var metrics = Metrics.WithCustomRegistry(registry);
        _calls = metrics.CreateCounter("xswitch_calls_total", "Ended legs by direction and hangup cause.", "direction", "cause");
        _setup = metrics.CreateHistogram("xswitch_setup_seconds", "Time from the start of a leg to its answer.", new HistogramConfiguration
        {
            LabelNames = ["direction"],
            Buckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120],
        });
        _mos = metrics.CreateHistogram("xswitch_mos", "Estimated mean opinion score of ended legs.", new HistogramConfiguration { Buckets = [1, 1.5, 2, 2.5, 3, 3.5, 3.8, 4, 4.2, 4.4, 4.5] });
        _jitter = metrics.CreateHistogram("xswitch_rtp_jitter_seconds", "Interarrival jitter of ended legs.", new HistogramConfiguration { Buckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2] });
        _lost = metrics.CreateCounter("xswitch_rtp_lost_total", "RTP packets lost on the way to us, on ended legs.");
        _received = metrics.CreateCounter("xswitch_rtp_received_total", "RTP packets received on ended legs.");
    }

    /// <inheritdoc/>
    public void Open(CdrRecord record) => _next.Open(record);

    /// <inheritdoc/>
    public void Close(CdrRecord record)
    {
        _next.Close(record);

        // A cause without a name is a number that a peer may choose: one label for all of them.
        var cause = record.HangupCause.Length > 0 && !char.IsAsciiDigit(record.HangupCause[0]) ? record.HangupCause : "OTHER";
        var direction = record.Direction == "outbound" ? "outbound" : "inbound";
        _calls.WithLabels(direction, cause).Inc();
        if (record.AnswerTime is { } answer)
        {
            _setup.WithLabels(direction).Observe(Math.Max(0, (answer - record.StartTime).TotalSeconds));
        }

        if (record.Media is { PacketsReceived: > 0 } media)
        {
            _mos.Observe(media.Mos);
            _jitter.Observe(media.JitterMs / 1000);
            _lost.Inc(Math.Max(0, media.PacketsLost));
            _received.Inc(media.PacketsReceived);
        }
    }

    /// <inheritdoc/>
    public Task FlushAsync() => _next.FlushAsync();
}
