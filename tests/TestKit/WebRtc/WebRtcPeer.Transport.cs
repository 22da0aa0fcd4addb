using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace XSwitchEngine.TestKit;

/// <content>ICE and DTLS.</content>
public sealed partial class WebRtcPeer
{
    private static (string, string) MakeCredentials() =>
        (Convert.ToHexString(RandomNumberGenerator.GetBytes(4)), Convert.ToHexString(RandomNumberGenerator.GetBytes(12)));

    private void Send(byte[] packet)
    {
        if ((_options.IceLite ? Nominated : _options.Via ?? Remote?.Candidate) is { } to && !_stopping)
        {
            try
            {
                _ = _socket.SendTo(packet, to);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Lost.
            }
        }
    }

    private void SendTransport(byte[] packet)
    {
        if (_options.Loss == 0 || _random.NextDouble() >= _options.Loss)
        {
            Send(packet);
        }
    }

    /// <summary>Sends a check when it is time: nominating as soon as one was answered.</summary>
    private void Check()
    {
        if (Remote is not { } remote || _silent || _options.IceLite || Environment.TickCount64 < _nextCheckMs)
        {
            return;
        }

        _nextCheckMs = Environment.TickCount64 + _options.CheckMs;
        SendCheck(remote, CheckAnswers > 0);
    }

    private void SendCheck(PeerSdp remote, bool nominates)
    {
        var transaction = RandomNumberGenerator.GetBytes(12);
        _checks[Convert.ToHexString(transaction)] = nominates;
        SendTransport(PeerIce.Check($"{remote.Ufrag}:{Ufrag}", remote.Password, nominates, transaction));
    }

    private void TakeCheck(byte[] packet, IPEndPoint from)
    {
        if (_silent || Remote is not { } remote || PeerIce.ReadCheck(packet, Password) is not { Role: 0x802A } check || check.Username != $"{Ufrag}:{remote.Ufrag}")
        {
            return;
        }

        Checks++;
        _ = _socket.SendTo(PeerIce.Answer(packet[8..20], from, Password), from);
        if (check.Nominates)
        {
            Nominated = from;
            if (IsDtlsClient(remote))
            {
                BeginDtls(isClient: true);
            }
        }
    }

    private void TakeAnswer(byte[] packet)
    {
        if (Remote is not { } remote || packet.Length < 20 || !_checks.TryRemove(Convert.ToHexString(packet.AsSpan(8, 12)), out var nominating))
        {
            return;
        }

        var (type, error, mapped) = PeerIce.ReadAnswer(packet, remote.Password);
        if (type == 0x0111)
        {
            CheckErrors.Enqueue(error);
        }

        if (type != 0x0101)
        {
            return;
        }

        Mapped = mapped;
        CheckAnswers++;
        if (!nominating)
        {
            SendCheck(remote, nominates: true);
        }
        else if (IsDtlsClient(remote))
        {
            BeginDtls(isClient: true);
        }
    }

    private bool IsDtlsClient(PeerSdp remote) => _weOffered ? remote.Setup == "passive" : _options.AnswerSetup == "active";

    private void BeginDtls(bool isClient)
    {
        if (_dtlsBegun)
        {
            return;
        }

        _dtlsBegun = true;
        new Thread(() =>
        {
            var keys = _dtls.Handshake(isClient, _wire);
            lock (_lock)
            {
                Keys = keys;
                if (keys.Error.Length > 0)
                {
                    _connected.TrySetException(new IOException("DTLS: " + keys.Error));
                    return;
                }

                _protect = new PeerSrtp(keys.Profile, keys.LocalKey, keys.LocalSalt);
                _unprotect = new PeerSrtp(keys.Profile, keys.RemoteKey, keys.RemoteSalt);
            }

            if (Remote!.Fingerprint == keys.Fingerprint)
            {
                _connected.TrySetResult();
            }
            else
            {
                _connected.TrySetException(new IOException("the engine's certificate is not the announced one"));
            }

            KeepReceiving();
        })
        { IsBackground = true, Name = "webrtc-peer-dtls" }.Start();
    }

    /// <summary>Repeats our last flight when it was lost.</summary>
    private void KeepReceiving()
    {
        var buffer = new byte[2048];
        try
        {
            while (!_stopping && _wire.Transport!.Receive(buffer, 0, buffer.Length, 200) != -2)
            {
            }
        }
        catch (IOException)
        {
            // The engine said goodbye.
        }
    }
}
