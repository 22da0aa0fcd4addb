using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Trace;

/// <summary>Whole messages as they pass, in plain text whatever the transport: to the log, to a buffer for ladders and captures, and to a HEP collector. Credentials and digits are left out.</summary>
internal sealed class SipTrace(SipContext context)
{
    private readonly Dictionary<LegId, string> _callIds = [];
    private readonly HashSet<string> _profiles = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Profiles whose messages are logged.</summary>
    public IReadOnlyCollection<string> Profiles => _profiles;

    /// <summary>What was captured.</summary>
    public TraceBuffer Buffer { get; } = new();

    /// <summary>Whether messages are kept for ladders and captures.</summary>
    public bool IsCapturing { get; set; }

    private bool IsIdle => _profiles.Count == 0 && !IsCapturing && !context.Options.Trace && context.Options.Hep is null;

    public void Set(string profile, bool on)
    {
        if (on)
        {
            _profiles.Add(profile);
        }
        else
        {
            _profiles.Remove(profile);
        }
    }

    /// <summary>Turns logging and capturing on or off for everything.</summary>
    public void SetAll(bool on)
    {
        IsCapturing = on;
        _profiles.Clear();
        if (on)
        {
            _profiles.UnionWith(context.Listeners.Select(l => l.Profile));
        }
    }

    public void Message(bool received, in Flow flow, ReadOnlySpan<byte> data)
    {
        if (!IsIdle)
        {
            Take(received, flow, data);
        }
    }

    private void Take(bool received, in Flow flow, ReadOnlySpan<byte> data)
    {
        var text = Redact(data);
        if (context.Options.Trace || _profiles.Contains(context.ProfileOf(flow.Listener)))
        {
            var transport = ViaHeader.LowerName(flow.Transport);
            context.Host.Log(PluginLogLevel.Info, default, $"{(received ? "recv" : "send")} {data.Length} bytes {(received ? "from" : "to")} {transport}/[{flow.Remote.Address}]:{flow.Remote.Port}\n{text}");
        }

        if (!IsCapturing && context.Options.Hep is null)
        {
            return;
        }

        var message = new TracedMessage(context.Host.Now, received, flow.Transport, flow.Local, flow.Remote, CallIdOf(data), text.Replace("\n", "\r\n", StringComparison.Ordinal));
        if (IsCapturing)
        {
            Buffer.Add(message);
        }

        if (context.Options.Hep is { } collector && context.Listeners.FirstOrDefault(l => l.Transport == TransportKind.Udp) is { } listener)
        {
            context.Host.SendDatagram(listener.Id, collector.Address, HepPacket.Write(message, collector));
        }
    }

    /// <summary>Notes the Call-ID of a leg, so that it is found by its UUID after its end too.</summary>
    public void Note(LegId leg, ReadOnlySpan<byte> callId)
    {
        if (!IsCapturing)
        {
            return;
        }

        if (_callIds.Count >= TraceBuffer.MaxMessages)
        {
            _callIds.Clear();
        }

        _callIds[leg] = SipText.Decode(callId);
    }

    /// <summary>The Call-ID of a leg, or null.</summary>
    public string? CallIdOf(LegId leg) =>
        _callIds.TryGetValue(leg, out var known) ? known
        : context.Legs.ById(leg) is { Dialog: { } dialog } ? SipText.Decode(dialog.CallId)
        : null;

    /// <summary>The message as text without what must not be in a log.</summary>
    internal static string Redact(ReadOnlySpan<byte> data)
    {
        var text = new StringBuilder(data.Length);
        var body = false;
        foreach (var range in data.Split((byte)'\n'))
        {
            var line = SipText.Trim(data[range]);
            var name = HeaderName.Other;
            if (!body && line.IndexOf((byte)':') is > 0 and var colon)
            {
                name = HeaderNames.Parse(line[..colon].TrimEnd(" \t"u8));
            }

            if (name is HeaderName.Authorization or HeaderName.ProxyAuthorization)
            {
                text.Append(SipText.Decode(line[..line.IndexOf((byte)':')])).Append(": [redacted]\n");
            }
            else if (body && (line.StartsWith("Signal"u8) || line.StartsWith("a=crypto:"u8)))
            {
                text.Append(line[0] == 'S' ? "Signal=[redacted]\n" : "a=crypto:[redacted]\n");
            }
            else
            {
                text.Append(SipText.Decode(line)).Append('\n');
            }

            body |= line.IsEmpty;
        }

        return text.ToString();
    }

    private static string CallIdOf(ReadOnlySpan<byte> data)
    {
        foreach (var range in data.Split((byte)'\n'))
        {
            var line = SipText.Trim(data[range]);
            if (line.IsEmpty)
            {
                break;
            }

            var colon = line.IndexOf((byte)':');
            if (colon > 0 && HeaderNames.Parse(line[..colon].TrimEnd(" \t"u8)) == HeaderName.CallId)
            {
                return SipText.Decode(SipText.Trim(line[(colon + 1)..]));
            }
        }

        return "";
    }
}
