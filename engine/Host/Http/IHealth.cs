namespace XSwitchEngine.Host.Http;

/// <summary>What the HTTP listener asks of the engine; it may be asked before there is one.</summary>
internal interface IHealth
{
    /// <summary>Whether new calls are taken.</summary>
    bool IsReady { get; }

    /// <summary>Why not, in a word: <c>starting</c> or <c>draining</c>.</summary>
    string NotReadyReason { get; }

    /// <summary>Whether the core loop answers within two seconds.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    Task<bool> IsAliveAsync(CancellationToken cancellationToken);

    /// <summary>Writes the metrics in Prometheus' text form.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task WriteMetricsAsync(Stream to, CancellationToken cancellationToken);
}
