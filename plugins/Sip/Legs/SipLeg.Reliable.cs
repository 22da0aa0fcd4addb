using System.Text;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.State;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

// Reliable provisional responses in both roles: RFC 3262.
internal sealed partial class SipLeg
{
    private const int MaxLater = 4;
    private Queue<(int Status, string? Sdp)>? _later;
    private bool _peerKnowsReliable;
    private bool _peerWantsReliable;
    private uint _rseq;
    private byte[] _reliablePacket = [];
    private bool _isReliableWithSdp;
    private bool _isEarlyOffer;
    private bool _isEarlySession;
    private string? _heldAnswer;
    private TimeSpan _reliableInterval;
    private DateTimeOffset _reliableNext = DateTimeOffset.MaxValue;
    private DateTimeOffset _reliableEnd = DateTimeOffset.MaxValue;

    private bool IsReliableOpen => _reliablePacket.Length > 0;

    /// <summary>Whether offers may be made before the answer to the INVITE: the first exchange was completed reliably.</summary>
    private bool IsEarlySession => _isEarlySession && State is LegState.Alerting or LegState.Proceeding;

    private void LearnReliable(SipMessage invite)
    {
        _peerWantsReliable = invite.ListContains(HeaderName.Require, "100rel"u8);
        _peerKnowsReliable = _peerWantsReliable || invite.ListContains(HeaderName.Supported, "100rel"u8);
    }

    private bool IsReliable(string? sdp) =>
        Options.Reliable != ReliableMode.Off
        && (_peerWantsReliable || (_peerKnowsReliable && (Options.Reliable == ReliableMode.Always || (sdp is not null && !_hasOffer))));

    /// <summary>Sends a provisional response that the peer must acknowledge; one at a time (RFC 3262 §3).</summary>
    private void SendReliable(int status, string? sdp)
    {
        if (IsReliableOpen)
        {
            _later ??= new();
            if (_later.Count < MaxLater)
            {
                _later.Enqueue((status, sdp));
            }

            return;
        }

        // The same description again would be a new offer.
        sdp = _isEarlySession ? null : sdp;
        _rseq = _rseq == 0 ? (uint)_context.NextRandom(0x7fff_0000) + 1 : _rseq + 1;
        var extra = _context.Block.Clear().Raw(_recordRoute).Raw("Require: 100rel\r\nRSeq: "u8).Number(_rseq).Line().ToArray();
        _isReliableWithSdp = sdp is not null;
        _isEarlyOffer = sdp is not null && !_hasOffer;
        _reliablePacket = Respond(_invite!, status, null, extra, sdp, withContact: true);
        _reliableInterval = _context.Timers.T1;
        _reliableNext = Now + _reliableInterval;
        _reliableEnd = Now + _context.Timers.Timeout;
        if (sdp is not null)
        {
            SetLocalSdp(sdp, isAnswer: _hasOffer);
        }
    }

    private void RepeatReliable()
    {
        if (Now < _reliableNext || _invite is null)
        {
            return;
        }

        if (Now >= _reliableEnd)
        {
            StopReliable();
            Refuse(504, "No PRACK", []);
            Report(HangupCause.RecoveryOnTimerExpire, 504, "No PRACK", byPeer: false);
            End();
            return;
        }

        _reliableInterval *= 2;
        _reliableNext = Min(Now + _reliableInterval, _reliableEnd);
        _context.Transport.Send(_invite.Flow, _reliablePacket, 0);
    }

    private void StopReliable()
    {
        _reliablePacket = [];
        _reliableNext = _reliableEnd = DateTimeOffset.MaxValue;
    }

    private void OnPrack(SipMessage request, in Flow flow, Dialog dialog)
    {
        if (!IsReliableOpen || _invite is null || !TryReadRAck(request.Value(HeaderName.RAck), out var rseq, out var cseq) || rseq != _rseq || cseq != _invite.CSeq)
        {
            _context.Core.Reply(request, flow, 481);
            return;
        }

        if (!TryBody(request, flow, out var sdp))
        {
            return;
        }

        StopReliable();
        var isAnswer = _isEarlyOffer;
        _isEarlyOffer = false;
        if (!sdp.IsEmpty && !isAnswer && _isReliableWithSdp)
        {
            // A further offer: answered in the 200 of the PRACK (RFC 3262 §5).
            _isEarlySession = true;
            Begin(request, flow, dialog, hasOffer: true);
            _reofferSdp = sdp.ToArray();
            Post(new LegEvent.Reoffered(Id, Encoding.UTF8.GetString(sdp)));
        }
        else
        {
            _context.Core.Reply(request, flow, 200);
            if (isAnswer && !sdp.IsEmpty)
            {
                _isEarlySession = true;
                SetRemoteSdp(sdp);
                Post(new LegEvent.ReofferAnswered(Id, Encoding.UTF8.GetString(sdp)));
            }
            else if (_isReliableWithSdp && !isAnswer)
            {
                _isEarlySession = true;
            }
        }

        if (_heldAnswer is { } held)
        {
            _heldAnswer = null;
            _later = null;
            SendAnswer(held);
        }
        else if (_later is not null && _later.TryDequeue(out var next) && State is LegState.Received or LegState.Alerting)
        {
            SendReliable(next.Status, next.Sdp);
        }
    }

    /// <summary>Acknowledges a reliable provisional response of the peer.</summary>
    /// <returns>False when it is a repetition or out of order, and must not be looked at (RFC 3262 §4).</returns>
    private bool TryAcknowledge(ClientTransaction transaction, SipMessage response)
    {
        if (!response.ListContains(HeaderName.Require, "100rel"u8) || !SipText.TryNumber(response.Value(HeaderName.RSeq), uint.MaxValue, out var rseq) || rseq == 0)
        {
            return true;
        }

        foreach (var dialog in _early)
        {
            if (!dialog.RemoteTag.AsSpan().SequenceEqual(response.ToTag))
            {
                continue;
            }

            if (dialog.RemoteRSeq != 0 && rseq != dialog.RemoteRSeq + 1)
            {
                return false;
            }

            dialog.RemoteRSeq = (uint)rseq;
            var extra = _context.Block.Clear().Raw("RAck: "u8).Number(rseq).Raw(" "u8).Number(transaction.Request.CSeq).Raw(" INVITE\r\n"u8).ToArray();
            SendInDialog(SipMethod.Prack, RequestPurpose.Prack, dialog, extra);
            _isEarlySession |= SdpBody.TryFind(response, out var sdp, out _) && !sdp.IsEmpty;
            return true;
        }

        return true;
    }

    private static bool TryReadRAck(ReadOnlySpan<byte> value, out uint rseq, out uint cseq)
    {
        rseq = cseq = 0;
        value = SipText.Trim(value);
        var first = value.IndexOf((byte)' ');
        if (first <= 0 || !SipText.TryNumber(value[..first], uint.MaxValue, out var a))
        {
            return false;
        }

        value = SipText.Trim(value[first..]);
        var second = value.IndexOf((byte)' ');
        if (second <= 0 || !SipText.TryNumber(value[..second], int.MaxValue, out var b) || !SipText.Trim(value[second..]).SequenceEqual("INVITE"u8))
        {
            return false;
        }

        (rseq, cseq) = ((uint)a, (uint)b);
        return true;
    }

    private void WriteReliable(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(11);
        writer.Write((_peerKnowsReliable ? 1 : 0) | (_peerWantsReliable ? 2 : 0) | (_isReliableWithSdp ? 4 : 0) | (_isEarlyOffer ? 8 : 0) | (_isEarlySession ? 16 : 0));
        writer.Write(_rseq);
        writer.Write(_reliablePacket);
        writer.WriteText(_heldAnswer);
        writer.WriteTime(_reliableInterval);
        writer.WriteTime(_reliableNext);
        writer.WriteTime(_reliableEnd);
        writer.WriteTime(_flowEnd);
        writer.WriteTime(_tryEnd);
        writer.Write(_heldEarlySdp);
        writer.WriteArrayHeader(_later?.Count ?? 0);
        foreach (var (status, sdp) in _later ?? [])
        {
            writer.WriteArrayHeader(2);
            writer.Write(status);
            writer.WriteText(sdp);
        }
    }

    private void ReadReliable(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var flags = fields.Int32(ref reader);
        _peerKnowsReliable = (flags & 1) != 0;
        _peerWantsReliable = (flags & 2) != 0;
        _isReliableWithSdp = (flags & 4) != 0;
        _isEarlyOffer = (flags & 8) != 0;
        _isEarlySession = (flags & 16) != 0;
        _rseq = (uint)fields.Int64(ref reader);
        _reliablePacket = fields.BytesOrEmpty(ref reader);
        _heldAnswer = fields.OptionalText(ref reader);
        _reliableInterval = fields.Span(ref reader);
        _reliableNext = fields.Time(ref reader);
        _reliableEnd = fields.Time(ref reader);
        _flowEnd = fields.Time(ref reader);
        _tryEnd = fields.Time(ref reader);
        _heldEarlySdp = fields.BytesOrEmpty(ref reader);
        for (var i = fields.Array(ref reader); i > 0; i--)
        {
            var one = new FieldReader(ref reader);
            (_later ??= new()).Enqueue((one.Int32(ref reader), one.OptionalText(ref reader)));
            one.End(ref reader);
        }

        fields.End(ref reader);
    }
}
