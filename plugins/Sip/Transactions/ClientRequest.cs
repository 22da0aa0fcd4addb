using MessagePack;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.State;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Transactions;

/// <summary>What a request of ours is for: decides what its response does to the leg.</summary>
internal enum RequestPurpose : byte
{
    /// <summary>The INVITE that makes the leg.</summary>
    Invite,

    /// <summary>A re-INVITE with an offer, or asking for one.</summary>
    Reoffer,

    /// <summary>A re-INVITE that only refreshes the session.</summary>
    RefreshByInvite,

    /// <summary>An UPDATE that only refreshes the session.</summary>
    RefreshByUpdate,

    /// <summary>The BYE that ends the leg.</summary>
    Bye,

    /// <summary>A BYE for a dialog that lost the race of a forked INVITE.</summary>
    ForkBye,

    Cancel,

    /// <summary>INFO, MESSAGE or an UPDATE with a display name: its result changes nothing.</summary>
    Message,

    Refer,

    /// <summary>NOTIFY of a transfer.</summary>
    Notify,

    /// <summary>OPTIONS to a registered contact.</summary>
    Ping,

    /// <summary>REGISTER with a trunk.</summary>
    Register,

    /// <summary>OPTIONS to a trunk.</summary>
    GatewayPing,

    /// <summary>NOTIFY of a subscription.</summary>
    Event,

    /// <summary>MESSAGE outside of calls.</summary>
    Chat,

    /// <summary>PRACK of a reliable provisional response.</summary>
    Prack,
}

/// <summary>A request of ours before it is bound to a transport. All byte arrays are values or whole header lines, checked when they were made.</summary>
internal sealed class ClientRequest
{
    public required SipMethod Method { get; init; }

    public required RequestPurpose Purpose { get; init; }

    public required byte[] RequestUri { get; init; }

    /// <summary>Route lines, or empty.</summary>
    public byte[] Routes { get; init; } = [];

    /// <summary>Value of From with our tag.</summary>
    public required byte[] From { get; init; }

    /// <summary>Value of To, with the peer's tag within a dialog.</summary>
    public required byte[] To { get; init; }

    public required byte[] CallId { get; init; }

    public required uint CSeq { get; init; }

    public required string Branch { get; init; }

    /// <summary>User part of our Contact; null for a request without one.</summary>
    public string? ContactUser { get; init; }

    /// <summary>Further header lines, or empty.</summary>
    public byte[] Extra { get; set; } = [];

    /// <summary>Credential lines, or empty.</summary>
    public byte[] Credentials { get; init; } = [];

    /// <summary>How often it was sent again with credentials.</summary>
    public int AuthTries { get; init; }

    public string ContentType { get; init; } = "";

    public byte[] Body { get; set; } = [];

    public int MaxForwards { get; init; } = 70;

    /// <summary>Who gets the result when the request belongs to no leg, such as the contact that is pinged.</summary>
    public string Tag { get; init; } = "";

    public string TransactionKey => KeyOf(Branch, Method);

    public static string KeyOf(string branch, SipMethod method) => method == SipMethod.Cancel ? branch + "|C" : branch;

    /// <summary>The same request again, with credentials.</summary>
    public ClientRequest Again(uint cseq, string branch, byte[] credentials) => new()
    {
        Method = Method,
        Purpose = Purpose,
        RequestUri = RequestUri,
        Routes = Routes,
        From = From,
        To = To,
        CallId = CallId,
        CSeq = cseq,
        Branch = branch,
        ContactUser = ContactUser,
        Extra = Extra,
        Credentials = credentials,
        AuthTries = AuthTries + 1,
        ContentType = ContentType,
        Body = Body,
        MaxForwards = MaxForwards,
        Tag = Tag,
    };

    /// <summary>Writes the request for a flow.</summary>
    public void WriteTo(SipWriter writer, in Flow flow, SipContext context)
    {
        Start(writer, Method, flow, context);
        writer.Raw("From: "u8).Raw(From).Raw("\r\nTo: "u8).Raw(To).Raw("\r\nCall-ID: "u8).Raw(CallId);
        writer.Raw("\r\nCSeq: "u8).Number(CSeq).Raw(" "u8).Raw(Method.Name()).Line();
        if (ContactUser is not null)
        {
            writer.Raw("Contact: "u8);
            context.WriteContact(writer, ContactUser, flow);
            writer.Line();
        }

        writer.Raw(Credentials).Raw(Extra).Header("User-Agent"u8, context.Options.UserAgent);
        writer.Body(System.Text.Encoding.ASCII.GetBytes(ContentType), Body);
    }

    /// <summary>Writes the ACK of a final response other than 2xx (RFC 3261 §17.1.1.3).</summary>
    public void WriteAck(SipWriter writer, in Flow flow, ReadOnlySpan<byte> to, SipContext context) =>
        WriteHopByHop(writer, SipMethod.Ack, flow, to, [], context);

    /// <summary>Writes the CANCEL (RFC 3261 §9.1).</summary>
    public void WriteCancel(SipWriter writer, in Flow flow, ReadOnlySpan<byte> extra, SipContext context) =>
        WriteHopByHop(writer, SipMethod.Cancel, flow, To, extra, context);

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(17);
        writer.Write((byte)Method);
        writer.Write((byte)Purpose);
        writer.Write(RequestUri);
        writer.Write(Routes);
        writer.Write(From);
        writer.Write(To);
        writer.Write(CallId);
        writer.Write(CSeq);
        writer.WriteText(Branch);
        writer.WriteText(ContactUser);
        writer.Write(Extra);
        writer.Write(Credentials);
        writer.Write(AuthTries);
        writer.WriteText(ContentType);
        writer.Write(Body);
        writer.Write(MaxForwards);
        writer.WriteText(Tag);
    }

    public static ClientRequest Read(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var request = new ClientRequest
        {
            Method = (SipMethod)fields.Byte(ref reader),
            Purpose = (RequestPurpose)fields.Byte(ref reader),
            RequestUri = fields.BytesOrEmpty(ref reader),
            Routes = fields.BytesOrEmpty(ref reader),
            From = fields.BytesOrEmpty(ref reader),
            To = fields.BytesOrEmpty(ref reader),
            CallId = fields.BytesOrEmpty(ref reader),
            CSeq = (uint)fields.Int64(ref reader),
            Branch = fields.Text(ref reader),
            ContactUser = fields.OptionalText(ref reader),
            Extra = fields.BytesOrEmpty(ref reader),
            Credentials = fields.BytesOrEmpty(ref reader),
            AuthTries = fields.Int32(ref reader),
            ContentType = fields.Text(ref reader),
            Body = fields.BytesOrEmpty(ref reader),
            MaxForwards = fields.Int32(ref reader),
            Tag = fields.Text(ref reader),
        };
        fields.End(ref reader);
        return request;
    }

    private void Start(SipWriter writer, SipMethod method, in Flow flow, SipContext context)
    {
        writer.Clear().Raw(method.Name()).Raw(" "u8).Raw(RequestUri).Raw(" SIP/2.0\r\nVia: SIP/2.0/"u8);
        writer.Raw(ViaHeader.TransportName(flow.Transport)).Raw(" "u8);
        context.WriteSentBy(writer, flow);
        writer.Raw(";branch="u8).Value(Branch).Raw(";rport\r\nMax-Forwards: "u8).Number(MaxForwards).Line().Raw(Routes);
    }

    private void WriteHopByHop(SipWriter writer, SipMethod method, in Flow flow, ReadOnlySpan<byte> to, ReadOnlySpan<byte> extra, SipContext context)
    {
        Start(writer, method, flow, context);
        writer.Raw("From: "u8).Raw(From).Raw("\r\nTo: "u8).Echo(to).Raw("\r\nCall-ID: "u8).Raw(CallId);
        writer.Raw("\r\nCSeq: "u8).Number(CSeq).Raw(" "u8).Raw(method.Name()).Line();
        writer.Raw(extra).Body([], []);
    }
}
