using System.Text;
using XSwitchEngine.Plugins.Sip.Protocol;

namespace XSwitchEngine.Plugins.Sip.Transactions;

/// <summary>Builds keys of the tables without allocating: the result is looked up as a span and made a string only to be stored.</summary>
internal sealed class TransactionKey
{
    private char[] _text = new char[512];
    private int _length;

    /// <summary>Key of a server transaction (RFC 3261 §17.2.3); ACK and CANCEL give that of the INVITE.</summary>
    public ReadOnlySpan<char> Server(SipMessage request, SipMethod method)
    {
        _length = 0;
        if (method == SipMethod.Ack)
        {
            method = SipMethod.Invite;
        }

        if (ViaHeader.TryParse(request.TopVia, out var via) && via.HasCookie)
        {
            Add(via.Branch).Add('|').Add(via.Host, lower: true).Add('|').Add((char)via.Port).Add((char)method);
        }
        else
        {
            // Before RFC 3261, and for the cookie alone: everything that a repetition has in common.
            Add(request.TopVia).Add('|').Add(request.RequestUri).Add('|').Add(request.FromTag).Add('|').Add(request.CallId);
            Add('|').Add((char)(request.CSeq >> 16)).Add((char)request.CSeq).Add((char)method);
        }

        if (method == SipMethod.Unknown)
        {
            Add(request.At(request.MethodText));
        }

        return _text.AsSpan(0, _length);
    }

    /// <summary>Key by which a request that came over two paths is recognised (RFC 3261 §8.2.2.2).</summary>
    public ReadOnlySpan<char> Merge(SipMessage request)
    {
        _length = 0;
        Add(request.CallId).Add('|').Add(request.FromTag).Add('|').Add((char)(request.CSeq >> 16)).Add((char)request.CSeq).Add((char)request.Method);
        return _text.AsSpan(0, _length);
    }

    /// <summary>Key of a dialog.</summary>
    public ReadOnlySpan<char> Dialog(ReadOnlySpan<byte> callId, ReadOnlySpan<byte> localTag, ReadOnlySpan<byte> remoteTag)
    {
        _length = 0;
        Add(callId).Add('|').Add(localTag).Add('|').Add(remoteTag);
        return _text.AsSpan(0, _length);
    }

    /// <summary>Key of a client transaction by the branch of a response.</summary>
    public ReadOnlySpan<char> Client(ReadOnlySpan<byte> branch, SipMethod method)
    {
        _length = 0;
        Add(branch);
        if (method == SipMethod.Cancel)
        {
            Add('|').Add('C');
        }

        return _text.AsSpan(0, _length);
    }

    private TransactionKey Add(ReadOnlySpan<byte> bytes, bool lower = false)
    {
        Reserve(bytes.Length);
        var to = _text.AsSpan(_length);
        if (lower)
        {
            for (var i = 0; i < bytes.Length; i++)
            {
                to[i] = char.ToLowerInvariant((char)bytes[i]);
            }
        }
        else
        {
            Encoding.Latin1.GetChars(bytes, to);
        }

        _length += bytes.Length;
        return this;
    }

    private TransactionKey Add(char c)
    {
        Reserve(1);
        _text[_length++] = c;
        return this;
    }

    private void Reserve(int count)
    {
        if (_text.Length - _length < count)
        {
            Array.Resize(ref _text, Math.Max(_text.Length * 2, _length + count));
        }
    }
}
