using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Transport;

/// <summary>Log lines of whole messages for the profiles that are traced. Credentials and DTMF digits are left out.</summary>
internal sealed class SipTrace(SipContext context)
{
    private readonly HashSet<string> _profiles = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyCollection<string> Profiles => _profiles;

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

    public void Message(bool received, in Flow flow, ReadOnlySpan<byte> data)
    {
        if ((_profiles.Count == 0 && !context.Options.Trace) || (!context.Options.Trace && !_profiles.Contains(context.ProfileOf(flow.Listener))))
        {
            return;
        }

        var transport = ViaHeader.LowerName(flow.Transport);
        var text = $"{(received ? "recv" : "send")} {data.Length} bytes {(received ? "from" : "to")} {transport}/[{flow.Remote.Address}]:{flow.Remote.Port}\n{Redact(data)}";
        context.Host.Log(PluginLogLevel.Info, default, text);
    }

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
            else if (body && line.StartsWith("Signal"u8))
            {
                text.Append("Signal=[redacted]\n");
            }
            else
            {
                text.Append(SipText.Decode(line)).Append('\n');
            }

            body |= line.IsEmpty;
        }

        return text.ToString();
    }

}
