using System.Buffers;
using MessagePack;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.TestPlugins;

/// <summary>State by position, so that versions can read each other: what is missing is defaulted, what is too much is skipped.</summary>
internal static class SampleState
{
    public static void Write(IBufferWriter<byte> to, Dictionary<string, int> counts, Dictionary<string, int>? sequences, IReadOnlyDictionary<ConnectionId, string> partial, int timers)
    {
        var writer = new MessagePackWriter(to);
        writer.WriteArrayHeader(3);
        writer.WriteArrayHeader(counts.Count);
        foreach (var (flow, count) in counts)
        {
            writer.WriteArrayHeader(sequences is null ? 2 : 3);
            writer.Write(flow);
            writer.Write(count);
            if (sequences is not null)
            {
                writer.Write(sequences.GetValueOrDefault(flow));
            }
        }

        writer.WriteArrayHeader(partial.Count);
        foreach (var (connection, text) in partial)
        {
            writer.WriteArrayHeader(2);
            writer.Write(connection.Value);
            writer.Write(text);
        }

        writer.Write(timers);
        writer.Flush();
    }

    public static void Read(in ReadOnlySequence<byte> state, Dictionary<string, int> counts, Dictionary<string, int> sequences, Dictionary<ConnectionId, string> partial, Action<int> timers)
    {
        var reader = new MessagePackReader(state);
        _ = reader.ReadArrayHeader();
        var flows = reader.ReadArrayHeader();
        for (var i = 0; i < flows; i++)
        {
            var fields = reader.ReadArrayHeader();
            var flow = reader.ReadString()!;
            counts[flow] = reader.ReadInt32();
            if (fields > 2)
            {
                sequences[flow] = reader.ReadInt32();
            }
        }

        var connections = reader.ReadArrayHeader();
        for (var i = 0; i < connections; i++)
        {
            _ = reader.ReadArrayHeader();
            var connection = new ConnectionId(reader.ReadInt64());
            partial[connection] = reader.ReadString() ?? "";
        }

        timers(reader.ReadInt32());
    }
}
