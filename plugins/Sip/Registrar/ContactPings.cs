using System.Text;
using MessagePack;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.State;
using XSwitchEngine.Plugins.Sip.Transactions;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Registrar;

/// <summary>Asks registered contacts by OPTIONS whether they are there, when that is configured, and removes those that are silent three times.</summary>
internal sealed class ContactPings(SipContext context)
{
    private const int MaxFailures = 3;
    private readonly Dictionary<(string Number, string Domain), DirectoryUser> _users = [];
    private readonly Dictionary<string, int> _failures = [];
    private TimerId _timer;

    /// <summary>Users that registered since the plugin or a version before it started; as many as the directory has at most.</summary>
    public IEnumerable<DirectoryUser> Users => _users.Values;

    /// <summary>Notes that a user has contacts here.</summary>
    public void Note(DirectoryUser user)
    {
        _users[(user.Number, user.Domain)] = user;
        Arm();
    }

    public void OnTimer()
    {
        _timer = default;
        foreach (var (key, user) in _users.ToArray())
        {
            var bindings = context.Host.Directory.Registrations(user);
            if (bindings.Count == 0)
            {
                _users.Remove(key);
                continue;
            }

            foreach (var binding in bindings)
            {
                if (binding.Endpoint == SipPlugin.Endpoint && !context.Transactions.IsOverloaded)
                {
                    Ping(binding);
                }
            }
        }

        Arm();
    }

    /// <summary>A ping was answered (by anything), or not.</summary>
    public void OnResult(string tag, bool answered)
    {
        if (answered)
        {
            _failures.Remove(tag);
            return;
        }

        var failures = _failures.GetValueOrDefault(tag) + 1;
        _failures[tag] = failures;
        if (failures < MaxFailures)
        {
            return;
        }

        _failures.Remove(tag);
        foreach (var user in _users.Values)
        {
            var dead = context.Host.Directory.Registrations(user).Where(r => TagOf(r) == tag).Select(r => r with { Expires = context.Host.Now, CallId = "", Sequence = 0 }).ToList();
            if (dead.Count > 0)
            {
                context.Host.Directory.Register(user, dead, out _);
                context.Host.Log(PluginLogLevel.Info, default, $"Contact {dead[0].Contact} of {user.Number} does not answer and was removed");
                return;
            }
        }
    }

    public void Write(ref MessagePackWriter writer)
    {
        writer.WriteArrayHeader(3);
        writer.Write(_timer.Value);
        writer.WriteArrayHeader(_users.Count);
        foreach (var (number, domain) in _users.Keys)
        {
            writer.WriteArrayHeader(2);
            writer.WriteText(number);
            writer.WriteText(domain);
        }

        writer.WriteArrayHeader(_failures.Count);
        foreach (var (tag, count) in _failures)
        {
            writer.WriteArrayHeader(2);
            writer.WriteText(tag);
            writer.Write(count);
        }
    }

    public void Read(ref MessagePackReader reader)
    {
        var fields = new FieldReader(ref reader);
        _timer = new TimerId(fields.Int64(ref reader));
        var users = fields.Array(ref reader);
        for (var i = 0; i < users; i++)
        {
            var one = new FieldReader(ref reader);
            var number = one.Text(ref reader);
            var domain = one.Text(ref reader);
            one.End(ref reader);
            if (context.Host.Directory.FindUser(number, domain) is { } user)
            {
                _users[(number, domain)] = user;
            }
        }

        var failures = fields.Array(ref reader);
        for (var i = 0; i < failures; i++)
        {
            var one = new FieldReader(ref reader);
            var tag = one.Text(ref reader);
            _failures[tag] = one.Int32(ref reader);
            one.End(ref reader);
        }

        fields.End(ref reader);
    }

    private static string TagOf(Registration binding) => binding.Number + "@" + binding.Domain + " " + binding.Contact;

    private void Arm()
    {
        if (context.Options.OptionsPing > 0 && _timer == default && _users.Count > 0)
        {
            _timer = context.Host.SetTimer(TimerKey.Make(TimerKind.Ping, 0), TimeSpan.FromSeconds(context.Options.OptionsPing));
        }
    }

    private void Ping(Registration binding)
    {
        if (!BindingWay.TryFind(context, binding, null, out var flow, out _))
        {
            OnResult(TagOf(binding), answered: false);
            return;
        }

        var block = context.Block;
        var us = block.Clear().Raw("<sip:"u8).Value(context.Host.Directory.Domain).Raw(">;tag="u8).Raw(context.NewTag()).ToArray();
        var to = block.Clear().Raw("<sip:"u8).User(binding.Number).Raw("@"u8).Value(binding.Domain).Raw(">"u8).ToArray();
        var routes = BindingWay.Routes(context, binding);
        context.Transactions.Start(
            new ClientRequest
            {
                Method = SipMethod.Options,
                Purpose = RequestPurpose.Ping,
                RequestUri = Encoding.UTF8.GetBytes(binding.Contact),
                Routes = routes,
                From = us,
                To = to,
                CallId = context.NewCallId(),
                CSeq = 1,
                Branch = context.NewBranch(),
                ContactUser = "",
                Tag = TagOf(binding),
            },
            flow,
            leg: null);
    }
}
