using System.Net;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Verto.Sessions;

namespace XSwitchEngine.Plugins.Verto.State;

/// <summary>One client socket in exported state.</summary>
internal static class SessionState
{
    private const int Fields = 31;

    public static void Write(ref MessagePackWriter writer, VertoSession session)
    {
        writer.WriteArrayHeader(Fields);
        writer.Write(session.Connection.Value);
        writer.Write(session.Listener.Value);
        writer.WriteEndPoint(session.Remote);
        writer.WriteEndPoint(session.Local);
        writer.Write(session.IsSecure);
        writer.WriteText(session.UserAgent);
        writer.Write(session.IsAuthenticated);
        writer.WriteText(session.Id);
        writer.WriteText(session.Number);
        writer.WriteText(session.Domain);
        writer.WriteText(session.DisplayName);
        writer.WriteArrayHeader(session.UserVariables.Count);
        foreach (var (name, value) in session.UserVariables)
        {
            writer.WriteArrayHeader(2);
            writer.WriteText(name);
            writer.WriteText(value);
        }

        writer.WriteText(session.Methods.Text);
        writer.WriteText(session.Channels.Text);
        writer.WriteText(session.JsApi.Text);
        writer.WriteText(session.FsApi.Text);
        WriteTexts(ref writer, session.Destinations);
        WriteOptionalTime(ref writer, session.Expires);
        writer.WriteTime(session.RenewAt);
        writer.WriteTime(session.OpenedAt);
        writer.WriteTime(session.LastReceived);
        writer.WriteTime(session.LastPing);
        writer.Write(session.Timer.Value);
        WriteCounts(ref writer, session.Subscriptions);
        WriteCounts(ref writer, session.Grants.ToDictionary(g => g.Key, g => (long)g.Value));
        WriteSlots(ref writer, session.Replies);
        writer.WriteArrayHeader(session.Attaching.Count);
        foreach (var leg in session.Attaching)
        {
            writer.WriteGuid(leg.Value);
        }

        WriteTexts(ref writer, session.Reattached);
        writer.Write(session.IsReady);
        WriteSpeedTest(ref writer, session.SpeedTest);
        writer.Write(session.Lost);
    }

    public static VertoSession Read(ref MessagePackReader reader, Dictionary<long, ConnectionId> owners)
    {
        var fields = new FieldReader(ref reader);
        var connection = new ConnectionId(fields.Int64(ref reader));
        var listener = new ListenerId(fields.Int32(ref reader));
        var remote = fields.EndPoint(ref reader) ?? new IPEndPoint(IPAddress.Any, 0);
        var local = fields.EndPoint(ref reader) ?? new IPEndPoint(IPAddress.Any, 0);
        var session = new VertoSession(connection, listener, remote, local, fields.Bool(ref reader))
        {
            UserAgent = fields.Text(ref reader),
            IsAuthenticated = fields.Bool(ref reader),
            Id = fields.Text(ref reader),
            Number = fields.Text(ref reader),
            Domain = fields.Text(ref reader),
            DisplayName = fields.Text(ref reader),
        };
        var variables = new List<KeyValuePair<string, string>>();
        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            var pair = new FieldReader(ref reader);
            variables.Add(new(pair.Text(ref reader), pair.Text(ref reader)));
            pair.End(ref reader);
        }

        session.UserVariables = variables;
        session.Methods = AllowList.Parse(fields.Text(ref reader));
        session.Channels = AllowList.Parse(fields.Text(ref reader));
        session.JsApi = AllowList.Parse(fields.Text(ref reader));
        session.FsApi = AllowList.Parse(fields.Text(ref reader));
        session.Destinations = ReadTexts(ref fields, ref reader);
        session.Expires = fields.Int64(ref reader) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;
        session.RenewAt = fields.Time(ref reader);
        session.OpenedAt = fields.Time(ref reader);
        session.LastReceived = fields.Time(ref reader);
        session.LastPing = fields.Time(ref reader);
        session.Timer = new TimerId(fields.Int64(ref reader));
        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            var (name, count) = ReadCount(ref reader);
            session.Subscriptions[name] = count;
        }

        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            var (name, count) = ReadCount(ref reader);
            session.Grants[name] = (int)count;
        }

        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            var slot = ReadSlot(ref reader);
            session.Replies.Add(slot);
            owners[slot.Key] = connection;
        }

        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            session.Attaching.Add(new LegId(reader.ReadBytes() is { Length: 16 } bytes ? new Guid(System.Buffers.BuffersExtensions.ToArray(bytes)) : default));
        }

        session.Reattached.AddRange(ReadTexts(ref fields, ref reader));
        session.IsReady = fields.Bool(ref reader);
        if (fields.Nested(ref reader))
        {
            session.SpeedTest = ReadSpeedTest(ref reader);
        }

        session.Lost = fields.Int32(ref reader);
        fields.End(ref reader);
        return session;
    }

    private static void WriteSlots(ref MessagePackWriter writer, List<ReplySlot> slots)
    {
        writer.WriteArrayHeader(slots.Count);
        foreach (var slot in slots)
        {
            writer.WriteArrayHeader(4);
            writer.Write(slot.Key);
            writer.Write(slot.IsBatch);
            writer.Write(slot.IsLate);
            writer.WriteArrayHeader(slot.Parts.Length);
            foreach (var part in slot.Parts)
            {
                writer.Write(part);
            }
        }
    }

    private static ReplySlot ReadSlot(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var key = fields.Int64(ref reader);
        var isBatch = fields.Bool(ref reader);
        var isLate = fields.Bool(ref reader);
        var slot = new ReplySlot(key, fields.Array(ref reader), isBatch) { IsLate = isLate };
        for (var i = 0; i < slot.Parts.Length; i++)
        {
            slot.Parts[i] = reader.ReadBytes() is { } bytes ? System.Buffers.BuffersExtensions.ToArray(bytes) : null;
        }

        fields.End(ref reader);
        return slot;
    }

    private static void WriteSpeedTest(ref MessagePackWriter writer, SpeedTest? test)
    {
        if (test is null)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteArrayHeader(5);
        writer.Write(test.Bytes);
        writer.WriteTime(test.Since);
        writer.Write(test.IsUpload);
        writer.Write(test.Rounds);
        writer.Write(test.Left);
    }

    private static SpeedTest ReadSpeedTest(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var test = new SpeedTest(fields.Int32(ref reader), fields.Time(ref reader))
        {
            IsUpload = fields.Bool(ref reader),
            Rounds = fields.Int32(ref reader),
            Left = fields.Int32(ref reader),
        };
        fields.End(ref reader);
        return test;
    }

    private static void WriteCounts(ref MessagePackWriter writer, Dictionary<string, long> counts)
    {
        writer.WriteArrayHeader(counts.Count);
        foreach (var (name, count) in counts)
        {
            writer.WriteArrayHeader(2);
            writer.WriteText(name);
            writer.Write(count);
        }
    }

    private static (string Name, long Count) ReadCount(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var pair = (fields.Text(ref reader), fields.Int64(ref reader));
        fields.End(ref reader);
        return pair;
    }

    private static void WriteTexts(ref MessagePackWriter writer, IReadOnlyList<string> texts)
    {
        writer.WriteArrayHeader(texts.Count);
        foreach (var text in texts)
        {
            writer.WriteText(text);
        }
    }

    private static List<string> ReadTexts(ref FieldReader fields, ref MessagePackReader reader)
    {
        var texts = new List<string>();
        for (var left = fields.Array(ref reader); left > 0; left--)
        {
            texts.Add(reader.ReadString() ?? "");
        }

        return texts;
    }

    private static void WriteOptionalTime(ref MessagePackWriter writer, DateTimeOffset? time) => writer.Write(time?.UtcTicks ?? 0);
}
