namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>Methods with a meaning of their own here. Names are case-sensitive (RFC 3261 §7.1).</summary>
internal enum SipMethod : byte
{
    Unknown,
    Invite,
    Ack,
    Bye,
    Cancel,
    Register,
    Options,
    Info,
    Update,
    Refer,
    Notify,
    Subscribe,
    Message,
    Prack,
    Publish,
}

/// <summary>Names of <see cref="SipMethod"/>.</summary>
internal static class SipMethods
{
    /// <summary>The methods served, for <c>Allow</c>.</summary>
    public static ReadOnlySpan<byte> Allow => "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, MESSAGE, REGISTER, PRACK, SUBSCRIBE, PUBLISH"u8;

    public static SipMethod Parse(ReadOnlySpan<byte> name) => name.Length switch
    {
        3 when name.SequenceEqual("ACK"u8) => SipMethod.Ack,
        3 when name.SequenceEqual("BYE"u8) => SipMethod.Bye,
        4 when name.SequenceEqual("INFO"u8) => SipMethod.Info,
        5 when name.SequenceEqual("REFER"u8) => SipMethod.Refer,
        5 when name.SequenceEqual("PRACK"u8) => SipMethod.Prack,
        6 when name.SequenceEqual("INVITE"u8) => SipMethod.Invite,
        6 when name.SequenceEqual("CANCEL"u8) => SipMethod.Cancel,
        6 when name.SequenceEqual("UPDATE"u8) => SipMethod.Update,
        6 when name.SequenceEqual("NOTIFY"u8) => SipMethod.Notify,
        7 when name.SequenceEqual("OPTIONS"u8) => SipMethod.Options,
        7 when name.SequenceEqual("MESSAGE"u8) => SipMethod.Message,
        7 when name.SequenceEqual("PUBLISH"u8) => SipMethod.Publish,
        8 when name.SequenceEqual("REGISTER"u8) => SipMethod.Register,
        9 when name.SequenceEqual("SUBSCRIBE"u8) => SipMethod.Subscribe,
        _ => SipMethod.Unknown,
    };

    public static ReadOnlySpan<byte> Name(this SipMethod method)
    {
        // A statement, not an expression: spans of literals cannot be arms of a switch expression without a common type.
        switch (method)
        {
            case SipMethod.Invite: return "INVITE"u8;
            case SipMethod.Ack: return "ACK"u8;
            case SipMethod.Bye: return "BYE"u8;
            case SipMethod.Cancel: return "CANCEL"u8;
            case SipMethod.Register: return "REGISTER"u8;
            case SipMethod.Options: return "OPTIONS"u8;
            case SipMethod.Info: return "INFO"u8;
            case SipMethod.Update: return "UPDATE"u8;
            case SipMethod.Refer: return "REFER"u8;
            case SipMethod.Notify: return "NOTIFY"u8;
            case SipMethod.Subscribe: return "SUBSCRIBE"u8;
            case SipMethod.Message: return "MESSAGE"u8;
            case SipMethod.Prack: return "PRACK"u8;
            case SipMethod.Publish: return "PUBLISH"u8;
            case SipMethod.Unknown:
            default: return "UNKNOWN"u8;
        }
    }
}
