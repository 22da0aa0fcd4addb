using System.Net;
using System.Text;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Plugins.Sip.Dialogs;
using XSwitchEngine.Plugins.Sip.Protocol;
using XSwitchEngine.Plugins.Sip.Security;
using XSwitchEngine.Plugins.Sip.Transport;

namespace XSwitchEngine.Plugins.Sip.Legs;

// Where the INVITE goes: servers one after the other (RFC 3263 §4.3), and contacts of redirections (RFC 3261 §8.1.3.4).
internal sealed partial class OutgoingCall
{
    private const int MaxContacts = 8;
    private const int MaxRedirections = 5;
    private readonly List<byte[]> _contacts = [];
    private readonly List<string> _visited = [];
    private IReadOnlyList<Way> _ways = [];
    private int _way;
    private int _redirections;

    /// <summary>Whether another server can be tried.</summary>
    public bool HasNextWay => _way < _ways.Count;

    /// <summary>Takes the servers that were found, best first.</summary>
    public void Take(IReadOnlyList<Way> ways)
    {
        _ways = ways;
        _way = 0;
    }

    /// <summary>The flow to the next server that can be reached at all.</summary>
    public bool TryNextFlow(SipContext context, out Flow flow)
    {
        while (_way < _ways.Count)
        {
            if (context.Transport.TryReach(Profile, _ways[_way++], Hint, out flow))
            {
                return true;
            }
        }

        flow = default;
        return false;
    }

    /// <summary>Takes the contacts of a redirection that may be followed, best first.</summary>
    public void TakeRedirection(SipContext context, SipMessage response)
    {
        if (context.Options.Of(Profile).Redirects == RedirectMode.Off || ++_redirections > MaxRedirections)
        {
            return;
        }

        var found = new List<(byte[] Uri, long Preference)>();
        for (var i = response.First(HeaderName.Contact); i >= 0; i = response.Field(i).Next)
        {
            var values = new ValueReader(response.At(response.Field(i).Value));
            while (values.TryNext(out var value))
            {
                if (found.Count < MaxContacts && NameAddress.TryParse(value, out var contact) && SipUri.TryParse(contact.Uri, out var uri) && uri.Scheme is UriScheme.Sip or UriScheme.Sips
                    && contact.Uri.Length <= SipLimits.Identifier && MayFollow(context, uri))
                {
                    var headers = contact.Uri.IndexOf((byte)'?');
                    found.Add(((headers < 0 ? contact.Uri : contact.Uri[..headers]).ToArray(), PreferenceOf(contact.Parameter("q"u8))));
                }
            }
        }

        // The contacts of the last redirection go before those that are left of the one before.
        _contacts.InsertRange(0, found.OrderByDescending(f => f.Preference).Select(f => f.Uri));
    }

    /// <summary>Makes the next contact the target.</summary>
    public bool TryNextContact(SipContext context)
    {
        while (_contacts.Count > 0)
        {
            var uri = _contacts[0];
            _contacts.RemoveAt(0);
            var text = SipText.Decode(uri);
            if (_visited.Contains(text) || _visited.Count > MaxContacts || !SipUri.TryParse(uri, out var parsed))
            {
                continue;
            }

            _visited.Add(text);
            var former = Flow.Remote?.Address;
            Flow = default;
            Routes = [];
            RequestUri = uri;
            if (!TryBindingOf(context, parsed) && !TryHop(context, parsed, out _, out _))
            {
                continue;
            }

            if (former is null || !former.Equals(Flow.Remote?.Address))
            {
                // Credentials are for the one that was called, not for whom it names (S-07).
                (AuthUser, AuthPassword) = ("", "");
            }

            return true;
        }

        return false;
    }

    private bool TryHop(SipContext context, in SipUri uri, out HangupCause cause, out string text)
    {
        cause = HangupCause.NetworkOutOfOrder;
        text = "No listener for this transport";
        if (!Hop.TryRead(uri, out var hop))
        {
            return false;
        }

        Hop = hop;
        _ways = [];
        _way = 0;
        if (DialogRoute.IsInvalid(uri.Host))
        {
            (cause, text) = (HangupCause.DestinationOutOfOrder, "Flow failed");
            return false;
        }

        if (hop.Address is { } address)
        {
            var transport = hop.Transport ?? TransportKind.Udp;
            var isFound = context.Transport.TryReach(Profile, new Way(transport, new IPEndPoint(address, hop.Port == 0 ? Hop.DefaultPort(transport) : hop.Port), hop.Host), Hint, out var flow);
            Flow = flow;
            return isFound;
        }

        foreach (var listener in context.Listeners)
        {
            if (listener.Profile == Profile && (hop.Transport is null || listener.Transport == hop.Transport))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A redirection to one of our users goes to the contacts that they registered.</summary>
    private bool TryBindingOf(SipContext context, in SipUri uri)
    {
        if (uri.User.IsEmpty || !context.Host.Directory.IsLocalDomain(SipText.Decode(uri.Host)))
        {
            return false;
        }

        var number = SipText.DecodeUser(uri.User);
        if (context.Host.Directory.FindUser(number, SipText.Decode(uri.Host)) is not { } user)
        {
            return false;
        }

        foreach (var binding in context.Host.Directory.Registrations(user))
        {
            // This leg's offer was made for plain RTP or for a browser, once and for all.
            if (binding.Endpoint == SipPlugin.Endpoint && binding.Media == MediaProfile.Rtp && BindingWay.TryFind(context, binding, Hint, out var flow, out _))
            {
                RequestUri = Encoding.UTF8.GetBytes(binding.Contact);
                Routes = BindingWay.Routes(context, binding);
                (Flow, Profile, UserNumber) = (flow, binding.Profile, number);
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a redirection may lead there: else any phone could send our calls, and our money, wherever it likes (S-40).</summary>
    private bool MayFollow(SipContext context, in SipUri uri)
    {
        var options = context.Options.Of(Profile);
        if (options.Redirects == RedirectMode.All)
        {
            return true;
        }

        if (uri.TryAddress(out var address))
        {
            return address.Equals(AccessList.Plain(Flow.Remote?.Address ?? IPAddress.None)) || options.Acl.Contains(address);
        }

        return context.Host.Directory.IsLocalDomain(SipText.Decode(uri.Host)) || string.Equals(SipText.Decode(uri.Host), Hop.Host, StringComparison.OrdinalIgnoreCase);
    }

    private static long PreferenceOf(ReadOnlySpan<byte> q)
    {
        if (q.IsEmpty || q[0] == '1')
        {
            return 1000;
        }

        var point = q.IndexOf((byte)'.');
        return point >= 0 && SipText.TryNumber(q[(point + 1)..], 999, out var digits) ? digits * (long)Math.Pow(10, 3 - (q.Length - point - 1)) : 0;
    }
}
