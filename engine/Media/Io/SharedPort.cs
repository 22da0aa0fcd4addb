using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using XSwitchEngine.Media.Ice;
using XSwitchEngine.Media.Sessions;

namespace XSwitchEngine.Media.Io;

/// <summary>One UDP port for all WebRTC sessions of a media loop on one local address, and whose packet is whose.</summary>
/// <remarks>
/// Checks are told apart by the user name fragment, everything else by the address it comes from. An address is entered by an authentic check only.
/// The port stays with its loop; a leg that has moved to another loop gets its packets passed on, and sends from there by itself.
/// </remarks>
internal sealed class SharedPort(MediaPort port)
{
    private const int LongestUfrag = 256;

    private readonly ConcurrentDictionary<string, MediaLeg> _names = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<NetAddress, MediaLeg> _peers = new();

    public MediaPort Port => port;

    /// <summary>Names and addresses in the tables.</summary>
    public int Entries => _names.Count + _peers.Count;

    /// <summary>Finds the leg that a packet is for. The loop of the port.</summary>
    public bool TryFind(ReadOnlySpan<byte> packet, in NetAddress source, [NotNullWhen(true)] out MediaLeg? leg)
    {
        if (packet[0] > 3)
        {
            return _peers.TryGetValue(source, out leg);
        }

        leg = null;
        if (!StunMessage.TryParse(packet, out var message))
        {
            return false;
        }

        var colon = message.Username.IndexOf((byte)':');
        if (colon is <= 0 or > LongestUfrag)
        {
            return false;
        }

        Span<char> name = stackalloc char[LongestUfrag];
        var length = Encoding.Latin1.GetChars(message.Username[..colon], name);
        return _names.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name[..length], out leg);
    }

    /// <summary>Enters a leg's user name fragment, unless another leg has it. Any thread, as all that follow.</summary>
    public void Add(string name, MediaLeg leg) => _ = _names.TryAdd(name, leg);

    /// <summary>Enters an address from which a leg's peer has proven itself.</summary>
    public void Add(in NetAddress peer, MediaLeg leg) => _peers[peer] = leg;

    /// <summary>Removes a name if it is the leg's.</summary>
    public void Remove(string name, MediaLeg leg) => _ = _names.TryRemove(new KeyValuePair<string, MediaLeg>(name, leg));

    /// <summary>Removes an address if it is the leg's.</summary>
    public void Remove(in NetAddress peer, MediaLeg leg) => _ = _peers.TryRemove(new KeyValuePair<NetAddress, MediaLeg>(peer, leg));
}
