using System.Text.Json.Serialization;

namespace XSwitchEngine.RtpLoad;

/// <summary>What was measured.</summary>
/// <param name="Legs">Legs that sent and received.</param>
/// <param name="Sent">Packets sent in the window.</param>
/// <param name="Received">Of those, packets that came back.</param>
/// <param name="LossPercent">Of those sent, what did not come back.</param>
/// <param name="Reordered">Packets that came before one that was sent earlier on their leg.</param>
/// <param name="LatencyP50Ms">Time from sending to receiving, median.</param>
/// <param name="LatencyP99Ms">99th percentile.</param>
/// <param name="LatencyMaxMs">Longest.</param>
/// <param name="LateSendsPercent">Packets that this program itself sent more than 2 ms late: above a few percent the latencies tell of it, not of the engine.</param>
/// <param name="CpuMicrosecondsPerPacket">CPU time of the engine for each packet that it relayed.</param>
/// <param name="CpuPercent">CPU time of the engine, of one core.</param>
internal sealed record Result(
    int Legs,
    long Sent,
    long Received,
    double LossPercent,
    long Reordered,
    double LatencyP50Ms,
    double LatencyP99Ms,
    double LatencyMaxMs,
    double LateSendsPercent,
    double CpuMicrosecondsPerPacket,
    double CpuPercent);

/// <summary>Its serialiser.</summary>
[JsonSerializable(typeof(Result))]
internal sealed partial class ResultJson : JsonSerializerContext;
