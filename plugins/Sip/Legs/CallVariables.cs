using System.Text;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>Channel variables of an outgoing leg that concern SIP.</summary>
internal sealed class CallVariables(IReadOnlyList<KeyValuePair<string, string>> variables)
{
    private const string HeaderPrefix = "sip_h_";

    /// <summary>The value of a variable, the last when given twice; empty when absent.</summary>
    public string this[string name]
    {
        get
        {
            for (var i = variables.Count - 1; i >= 0; i--)
            {
                if (variables[i].Key == name)
                {
                    return variables[i].Value;
                }
            }

            return "";
        }
    }

    /// <summary>Writes a header line for each <c>sip_h_NAME</c> whose name is a token and not one that the protocol itself needs.</summary>
    public void WriteHeaders(SipWriter block)
    {
        foreach (var (key, value) in variables)
        {
            if (!key.StartsWith(HeaderPrefix, StringComparison.Ordinal) || key.Length > HeaderPrefix.Length + 128)
            {
                continue;
            }

            var name = Encoding.UTF8.GetBytes(key[HeaderPrefix.Length..]);
            if (SipText.IsToken(name) && IsFree(name))
            {
                block.Raw(name).Raw(": "u8).Value(value).Line();
            }
        }
    }

    private static bool IsFree(ReadOnlySpan<byte> name) =>
        HeaderNames.Parse(name) is HeaderName.Other or HeaderName.Subject or HeaderName.ReferredBy or HeaderName.AcceptContact
            or HeaderName.RejectContact or HeaderName.RequestDisposition or HeaderName.Identity or HeaderName.IdentityInfo;
}
