namespace XSwitchEngine.Plugins.Sip.Protocol;

/// <summary>A part of a message's bytes.</summary>
/// <param name="Start">Offset.</param>
/// <param name="Length">Length.</param>
internal readonly record struct Slice(int Start, int Length);

/// <summary>One header field of a message.</summary>
internal struct HeaderField
{
    public HeaderName Id;
    public Slice Name;
    public Slice Value;

    /// <summary>Index of the next field of the same name, or −1. Only for names other than <see cref="HeaderName.Other"/>.</summary>
    public int Next;
}

/// <summary>A parsed message. It borrows the received bytes and is reused for the next message: whoever needs a part longer copies it.</summary>
internal sealed class SipMessage
{
    private readonly int[] _first = new int[HeaderNames.Count];
    private readonly int[] _last = new int[HeaderNames.Count];
    private HeaderField[] _fields = new HeaderField[32];
    private byte[] _unfolded = [];
    private ReadOnlyMemory<byte> _data;

    public bool IsRequest { get; set; }

    /// <summary>Method of the start line of a request, or of CSeq of a response.</summary>
    public SipMethod Method { get; set; }

    public Slice MethodText { get; set; }

    public Slice RequestUriSlice { get; set; }

    /// <summary>100–699 of a response.</summary>
    public int Status { get; set; }

    public Slice ReasonSlice { get; set; }

    /// <summary>Length of start line and header fields; the body follows.</summary>
    public int HeaderLength { get; set; }

    public Slice BodySlice { get; set; }

    /// <summary>Status with which a request must be refused because of its form, or 0.</summary>
    public int FaultStatus { get; private set; }

    /// <summary>What is wrong with it, for the reason phrase.</summary>
    public string FaultText { get; private set; } = "";

    public int FieldCount { get; private set; }

    /// <summary>Sequence number of CSeq, 0..2^31−1.</summary>
    public uint CSeq { get; set; }

    public SipMethod CSeqMethod { get; set; }

    /// <summary>Max-Forwards, 70 when absent.</summary>
    public int MaxForwards { get; set; }

    public Slice FromTagSlice { get; set; }

    public Slice ToTagSlice { get; set; }

    public Slice TopViaSlice { get; set; }

    /// <summary>Number of Via values.</summary>
    public int ViaCount { get; set; }

    public ReadOnlySpan<byte> Data => _data.Span;

    public ReadOnlySpan<byte> RequestUri => At(RequestUriSlice);

    public ReadOnlySpan<byte> Reason => At(ReasonSlice);

    public ReadOnlySpan<byte> Body => At(BodySlice);

    public ReadOnlySpan<byte> CallId => Value(HeaderName.CallId);

    public ReadOnlySpan<byte> From => Value(HeaderName.From);

    public ReadOnlySpan<byte> To => Value(HeaderName.To);

    public ReadOnlySpan<byte> FromTag => At(FromTagSlice);

    public ReadOnlySpan<byte> ToTag => At(ToTagSlice);

    public ReadOnlySpan<byte> TopVia => At(TopViaSlice);

    public ReadOnlySpan<byte> At(Slice slice) => _data.Span.Slice(slice.Start, slice.Length);

    public ref readonly HeaderField Field(int index) => ref _fields[index];

    public bool Has(HeaderName name) => _first[(int)name] >= 0;

    /// <summary>Value of the first field of a name; empty when there is none.</summary>
    public ReadOnlySpan<byte> Value(HeaderName name)
    {
        var index = _first[(int)name];
        return index < 0 ? default : At(_fields[index].Value);
    }

    /// <summary>Index of the first field of a name, or −1; the others follow by <see cref="HeaderField.Next"/>.</summary>
    public int First(HeaderName name) => _first[(int)name];

    /// <summary>Whether a field occurs more than once.</summary>
    public bool IsRepeated(HeaderName name) => _first[(int)name] != _last[(int)name];

    /// <summary>Value of the first field with a name that is not among <see cref="HeaderName"/>; empty when there is none.</summary>
    public ReadOnlySpan<byte> Other(ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < FieldCount; i++)
        {
            if (_fields[i].Id == HeaderName.Other && SipText.EqualsIgnoreCase(At(_fields[i].Name), name))
            {
                return At(_fields[i].Value);
            }
        }

        return default;
    }

    /// <summary>Whether a comma-separated list over all fields of a name contains a token.</summary>
    public bool ListContains(HeaderName name, ReadOnlySpan<byte> token)
    {
        for (var i = First(name); i >= 0; i = _fields[i].Next)
        {
            if (SipText.ListContains(At(_fields[i].Value), token))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Where a span that lies within this message's bytes stands.</summary>
    public Slice SliceOf(ReadOnlySpan<byte> part) =>
        !part.IsEmpty && _data.Span.Overlaps(part, out var offset) ? new Slice(offset, part.Length) : default;

    /// <summary>Starts over with other bytes.</summary>
    public void Reset(ReadOnlyMemory<byte> data)
    {
        _data = data;
        _first.AsSpan().Fill(-1);
        _last.AsSpan().Fill(-1);
        FieldCount = 0;
        IsRequest = false;
        Method = SipMethod.Unknown;
        MethodText = RequestUriSlice = ReasonSlice = BodySlice = FromTagSlice = ToTagSlice = TopViaSlice = default;
        Status = HeaderLength = ViaCount = 0;
        FaultStatus = 0;
        FaultText = "";
        CSeq = 0;
        CSeqMethod = SipMethod.Unknown;
        MaxForwards = 70;
    }

    /// <summary>Forgets the borrowed bytes.</summary>
    public void Release() => _data = default;

    /// <summary>Goes over to a copy that can be written, in which folded lines are made straight.</summary>
    public Span<byte> MakeWritable()
    {
        if (_unfolded.Length < _data.Length)
        {
            _unfolded = new byte[Math.Max(_data.Length, 2048)];
        }

        _data.CopyTo(_unfolded);
        var copy = _unfolded.AsMemory(0, _data.Length);
        _data = copy;
        return copy.Span;
    }

    /// <summary>Notes the first thing that is wrong.</summary>
    public void Fault(int status, string text)
    {
        if (FaultStatus == 0)
        {
            FaultStatus = status;
            FaultText = text;
        }
    }

    /// <summary>Adds a field in the order of the message.</summary>
    /// <returns>False when there are too many.</returns>
    public bool Add(HeaderName id, Slice name, Slice value)
    {
        if (FieldCount == SipLimits.Headers)
        {
            return false;
        }

        if (FieldCount == _fields.Length)
        {
            Array.Resize(ref _fields, _fields.Length * 2);
        }

        _fields[FieldCount] = new HeaderField { Id = id, Name = name, Value = value, Next = -1 };
        if (id != HeaderName.Other)
        {
            ref var last = ref _last[(int)id];
            if (last < 0)
            {
                _first[(int)id] = FieldCount;
            }
            else
            {
                _fields[last].Next = FieldCount;
            }

            last = FieldCount;
        }

        FieldCount++;
        return true;
    }
}
