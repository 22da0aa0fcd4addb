using System.Diagnostics.CodeAnalysis;
using System.Net;
using XSwitchEngine.Media.Io;
using XSwitchEngine.Media.Sessions;

namespace XSwitchEngine.Media;

/// <content>Which loop has which session.</content>
public sealed partial class MediaEngine
{
    /// <summary>Finds a loop's shared port on an address, or binds it.</summary>
    private bool TryShare(MediaLoop loop, IPAddress address, [NotNullWhen(true)] out SharedPort? shared, out string error)
    {
        error = "";
        if (_shared.TryGetValue((loop.Number, address), out shared))
        {
            return true;
        }

        var number = _options.WebRtcPort == 0 ? 0 : _options.WebRtcPort + loop.Number;
        if (!_io.TryBind(NetAddress.From(address, number), isShared: true, out var port, out _, out error))
        {
            return false;
        }

        shared = new SharedPort(port);
        _shared.Add((loop.Number, address), shared);
        loop.Post(new MediaCommand(CommandKind.Share, null, shared));
        return true;
    }

    private MediaLoop LeastLoaded()
    {
        var best = _loops[0];
        foreach (var loop in _loops)
        {
            best = loop.Sessions < best.Sessions ? loop : best;
        }

        return best;
    }

    /// <summary>Moves a leg to another loop; commands given afterwards wait there until it has come.</summary>
    private static void Move(Entry entry, MediaLoop to)
    {
        var from = entry.Loop!;
        if (from == to)
        {
            return;
        }

        var handOver = new HandOver();
        to.Post(new MediaCommand(CommandKind.Adopt, entry.Leg, handOver));
        from.Post(new MediaCommand(CommandKind.Release, entry.Leg, (handOver, to)));
        from.Sessions--;
        to.Sessions++;
        entry.Loop = to;
    }

    private void EnterStream(MediaSession session, CommandKind kind, long stream)
    {
        if (Find(session) is { } entry)
        {
            Enter(entry, -stream); // rooms and streams have numbers of their own
            entry.Loop!.Post(new MediaCommand(kind, entry.Leg, null, stream));
        }
    }

    /// <summary>Brings a leg to the loop of a room or stream; the first one decides which that is.</summary>
    private void Enter(Entry entry, long room)
    {
        if (entry.Room == room)
        {
            return;
        }

        Leave(entry);
        if (!_rooms.TryGetValue(room, out var place))
        {
            _rooms.Add(room, place = new RoomPlace { Loop = entry.Loop! });
        }

        place.Members++;
        entry.Room = room;
        Move(entry, place.Loop);
    }

    private void Leave(Entry entry)
    {
        if (entry.Room != 0)
        {
            var place = _rooms[entry.Room];
            if (--place.Members == 0)
            {
                _rooms.Remove(entry.Room);
            }

            entry.Room = 0;
        }
    }

    private sealed class Entry
    {
        public uint Generation;
        public MediaLeg? Leg;
        public MediaLoop? Loop;
        public long Room;
    }

    private sealed class RoomPlace
    {
        public required MediaLoop Loop { get; init; }

        public int Members { get; set; }
    }
}
