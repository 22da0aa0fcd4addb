namespace XSwitchEngine.Plugins.Verto.Sessions;

/// <summary>A speed test under way on one socket.</summary>
internal sealed class SpeedTest(int bytes, DateTimeOffset since)
{
    /// <summary>Bytes of one direction.</summary>
    public int Bytes { get; } = bytes;

    /// <summary>When the part under way began.</summary>
    public DateTimeOffset Since { get; set; } = since;

    /// <summary>Whether the client sends.</summary>
    public bool IsUpload { get; set; } = true;

    /// <summary>Rounds of the download that are left, the one under way included.</summary>
    public int Rounds { get; set; }

    /// <summary>Bytes of the round under way that are not queued yet.</summary>
    public int Left { get; set; }
}
