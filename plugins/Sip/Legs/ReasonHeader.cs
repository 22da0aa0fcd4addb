using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Legs;

/// <summary>The Reason header (RFC 3326) and hang-up causes.</summary>
internal static class ReasonHeader
{
    /// <summary>The cause that a message states; a Q.850 value goes before a SIP one.</summary>
    /// <param name="message">A BYE, CANCEL or final response.</param>
    /// <param name="fallback">When it states none.</param>
    public static HangupCause Parse(SipMessage message, HangupCause fallback)
    {
        var found = fallback;
        for (var i = message.First(HeaderName.Reason); i >= 0; i = message.Field(i).Next)
        {
            var values = new ValueReader(message.At(message.Field(i).Value));
            while (values.TryNext(out var value))
            {
                var semicolon = value.IndexOf((byte)';');
                if (semicolon < 0 || !ParameterReader.TryGet(value[semicolon..], "cause"u8, out var cause) || !SipText.TryNumber(cause, 999, out var number))
                {
                    continue;
                }

                var protocol = SipText.Trim(value[..semicolon]);
                if (SipText.EqualsIgnoreCase(protocol, "Q.850"u8) && number is >= 1 and <= 127)
                {
                    // FreeSWITCH tells causes of its own by name in the text, over the number of the nearest standard one.
                    return ParameterReader.TryGet(value[semicolon..], "text"u8, out var text) && HangupCauses.TryParse(SipText.Unquote(text), out var named) && named.Q850() == number
                        ? named
                        : (HangupCause)number;
                }

                if (SipText.EqualsIgnoreCase(protocol, "SIP"u8))
                {
                    found = number == 200 ? HangupCause.LoseRace : HangupCauses.FromSipStatus((int)number);
                }
            }
        }

        return found;
    }

    /// <summary>A whole header line, or empty for a cause that says nothing.</summary>
    public static byte[] Line(SipWriter block, HangupCause cause, string text)
    {
        if (cause == HangupCause.None)
        {
            return [];
        }

        return block.Clear().Raw("Reason: Q.850;cause="u8).Number(cause.Q850()).Raw(";text="u8).Quoted(text.Length > 0 && text.Length <= 128 ? text : cause.Name()).Line().ToArray();
    }
}
