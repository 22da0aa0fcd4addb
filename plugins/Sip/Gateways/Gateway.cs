using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.Plugins.Sip.State;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Gateways;

/// <summary>Where a registration with a trunk stands; names are FreeSWITCH's.</summary>
internal enum GatewayState : byte
{
    NoReg,
    Unreged,
    Trying,
    Reged,
    FailWait,
}

/// <summary>One trunk: its registration, whether it answers, and its servers.</summary>
internal sealed partial class Gateway(SipContext context, long id, GatewayOptions options)
{
    private const int MaxBackOff = 10;
    private byte[] _callId = context.NewCallId();
    private byte[] _tag = context.NewTag();
    private uint _cseq = (uint)context.NextRandom(0x1000_0000);
    private int _failures;
    private int _way;
    private bool _isLocating;
    private bool _isUnregistering;
    private TimerId _timer;
    private DateTimeOffset _registerAt = DateTimeOffset.MaxValue;
    private DateTimeOffset _pingAt = DateTimeOffset.MaxValue;
    private IReadOnlyList<Way> _ways = [];

    public long Id { get; } = id;

    public GatewayOptions Options { get; } = options;

    public GatewayState State { get; private set; } = options.Registers ? GatewayState.Unreged : GatewayState.NoReg;

    /// <summary>Whether the pings, when there are any, are answered.</summary>
    public bool IsUp { get; private set; } = true;

    public DateTimeOffset Expires { get; private set; }

    public int LastStatus { get; private set; }

    public long CallsIn { get; set; }

    public long CallsOut { get; set; }

    public long Failures { get; private set; }

    /// <summary>Whether a call may be tried.</summary>
    public bool IsUsable => IsUp && State is not GatewayState.FailWait and not GatewayState.Unreged;

    /// <summary>Its servers as they were found last.</summary>
    public IReadOnlyList<Way> Ways => _ways;

    private DateTimeOffset Now => context.Host.Now;

    /// <summary>Begins: registers and pings soon.</summary>
    public void Start()
    {
        _registerAt = Options.Registers ? Now + TimeSpan.FromMilliseconds(20 + context.NextRandom(500)) : DateTimeOffset.MaxValue;
        _pingAt = Options.PingSeconds > 0 ? Now + TimeSpan.FromMilliseconds(20 + context.NextRandom(500)) : DateTimeOffset.MaxValue;
        if (!Options.Registers && _pingAt == DateTimeOffset.MaxValue)
        {
            // Its addresses are needed to know its calls.
            _pingAt = Now + TimeSpan.FromMilliseconds(20);
        }

        Arm();
    }

    /// <summary>Ends: unregisters when it is registered.</summary>
    public void Stop()
    {
        if (_timer != default)
        {
            context.Host.CancelTimer(_timer);
            _timer = default;
        }

        if (State == GatewayState.Reged)
        {
            _isUnregistering = true;
            SendRegister([], 0);
        }
    }

    /// <summary>Registers now.</summary>
    public void Register()
    {
        _failures = 0;
        _registerAt = Now;
        State = Options.Registers ? GatewayState.Unreged : GatewayState.NoReg;
        OnTimer(_timer);
    }

    public void Unregister()
    {
        if (State == GatewayState.Reged)
        {
            _isUnregistering = true;
            SendRegister([], 0);
        }

        _registerAt = DateTimeOffset.MaxValue;
        Set(GatewayState.NoReg);
    }

    public void OnTimer(TimerId timer)
    {
        if (timer != _timer)
        {
            return;
        }

        if (_timer != default)
        {
            context.Host.CancelTimer(_timer);
            _timer = default;
        }

        if (Now >= _registerAt)
        {
            _registerAt = DateTimeOffset.MaxValue;
            _isUnregistering = false;
            _way = 0;
            Set(GatewayState.Trying);
            Locate();
        }

        if (Now >= _pingAt)
        {
            _pingAt = Options.PingSeconds > 0 ? Now + TimeSpan.FromSeconds(Options.PingSeconds) : DateTimeOffset.MaxValue;
            if (_ways.Count > 0 && Options.PingSeconds > 0)
            {
                SendPing();
            }
            else
            {
                Locate();
            }
        }

        Arm();
    }

    public void OnLocated(IReadOnlyList<Way> ways)
    {
        _isLocating = false;
        if (ways.Count > 0 || _ways.Count == 0)
        {
            _ways = ways;
            context.Gateways.Changed();
        }

        if (State == GatewayState.Trying)
        {
            SendRegister([], 0);
        }
        else if (Options.PingSeconds > 0 && !IsUp)
        {
            SendPing();
        }
    }

    public void OnResponse(ClientRequest request, SipMessage response)
    {
        if (request.Purpose == RequestPurpose.GatewayPing)
        {
            // Any answer says that somebody is there, except one that says that it does not work (RFC 3261 §21.5).
            SetUp(response.Status < 500 || response.Status is 501 or 505);
            return;
        }

        if (_isUnregistering || response.Status < 200)
        {
            return;
        }

        LastStatus = response.Status;
        if (response.Status < 300)
        {
            _failures = 0;
            var seconds = ExpiryOf(response);
            Expires = Now + TimeSpan.FromSeconds(seconds);

            // Refreshed between a half and nine tenths, at random, so that a restarted carrier is not met by all at once.
            _registerAt = Now + TimeSpan.FromSeconds(Math.Max(5, seconds * (60 + context.NextRandom(25)) / 100.0));
            Set(GatewayState.Reged);
        }
        else if (response.Status is 401 or 407 && request.AuthTries < 2 && Options.Password.Length > 0
            && DigestClient.TryAnswer(response, "REGISTER"u8, request.RequestUri, Options.Username, Options.Password, Options.RealmToAnswer, Convert.ToHexStringLower(context.NewTag()), context.Block))
        {
            SendRegister(context.Block.ToArray(), request.AuthTries + 1);
        }
        else if (response.Status == 423 && SipText.TryNumber(response.Value(HeaderName.MinExpires), 604_800, out var min) && min > _minExpires)
        {
            _minExpires = (int)min;
            SendRegister([], 0);
        }
        else if (response.Status is 503 or 408 && TryNextWay())
        {
            SendRegister([], 0);
        }
        else
        {
            SipText.TryNumber(Leading(response.Value(HeaderName.RetryAfter)), 86_400, out var wait);
            Fail((int)wait);
        }

        Arm();
    }

    public void OnNoResponse(ClientRequest request)
    {
        if (request.Purpose == RequestPurpose.GatewayPing)
        {
            SetUp(false);
            Locate();
            return;
        }

        if (_isUnregistering)
        {
            return;
        }

        LastStatus = 408;
        if (TryNextWay())
        {
            SendRegister([], 0);
        }
        else
        {
            Fail(0);
        }

        Arm();
    }

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(19);
        writer.WriteText(Options.Name);
        writer.Write(Id);
        writer.WriteText(Options.Source);
        writer.Write((byte)State);
        writer.Write(IsUp);
        writer.WriteTime(Expires);
        writer.Write(_callId);
        writer.Write(_tag);
        writer.Write(_cseq);
        writer.Write(_failures);
        writer.Write(_timer.Value);
        writer.WriteTime(_registerAt);
        writer.WriteTime(_pingAt);
        writer.Write(_isUnregistering);
        writer.Write(_isLocating);
        writer.Write(LastStatus);
        writer.Write(CallsIn);
        writer.Write(CallsOut);
        writer.WriteArrayHeader(_ways.Count);
        foreach (var way in _ways)
        {
            way.Write(ref writer);
        }
    }

    /// <summary>Reads one; null when its configuration is another now.</summary>
    public static Gateway? Read(SipContext context, ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        var name = fields.Text(ref reader);
        var id = fields.Int64(ref reader);
        var source = fields.Text(ref reader);
        var isSame = context.Options.Gateways.TryGetValue(name, out var options) && options.Source == source;
        var gateway = new Gateway(context, id, options ?? new GatewayOptions(name, source))
        {
            State = (GatewayState)fields.Byte(ref reader),
            IsUp = fields.Bool(ref reader),
            Expires = fields.Time(ref reader),
            _callId = fields.BytesOrEmpty(ref reader),
            _tag = fields.BytesOrEmpty(ref reader),
            _cseq = (uint)fields.Int64(ref reader),
            _failures = fields.Int32(ref reader),
            _timer = new TimerId(fields.Int64(ref reader)),
            _registerAt = fields.Time(ref reader),
            _pingAt = fields.Time(ref reader),
            _isUnregistering = fields.Bool(ref reader),
            _isLocating = fields.Bool(ref reader),
            LastStatus = fields.Int32(ref reader),
            CallsIn = fields.Int64(ref reader),
            CallsOut = fields.Int64(ref reader),
        };
        var ways = new List<Way>();
        for (var i = fields.Array(ref reader); i > 0; i--)
        {
            ways.Add(Way.Read(ref reader));
        }

        gateway._ways = ways;
        fields.End(ref reader);
        return isSame ? gateway : null;
    }

    private int _minExpires;

    private string ContactUser => "gw+" + Options.Name;

    private void Fail(int wait)
    {
        Failures++;
        _failures++;
        var seconds = Math.Min(Options.RetrySeconds * Math.Pow(2, Math.Min(_failures - 1, 8)), Options.RetrySeconds * (double)MaxBackOff);
        seconds = Math.Max(wait, seconds * (90 + context.NextRandom(21)) / 100);
        _registerAt = Now + TimeSpan.FromSeconds(seconds);
        Set(GatewayState.FailWait);
    }

    private void SetUp(bool up)
    {
        if (IsUp != up)
        {
            IsUp = up;
            Tell();
        }
    }

    private void Set(GatewayState state)
    {
        if (State != state)
        {
            State = state;
            Tell();
        }
    }

    private void Tell()
    {
        context.Host.Log(PluginLogLevel.Info, default, $"Gateway {Options.Name}: {GatewayTable.NameOf(State)}, {(IsUp ? "up" : "down")}{(LastStatus is 0 or 200 ? "" : $", last status {LastStatus}")}");
        context.Gateways.Publish(this);
    }

    private void Arm()
    {
        var due = _registerAt < _pingAt ? _registerAt : _pingAt;
        if (due == DateTimeOffset.MaxValue)
        {
            return;
        }

        if (_timer != default)
        {
            context.Host.CancelTimer(_timer);
        }

        _timer = context.Host.SetTimer(TimerKey.Make(TimerKind.Gateway, Id), due > Now ? due - Now : TimeSpan.FromMilliseconds(5));
    }
}
