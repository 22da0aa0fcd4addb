using XSwitchEngine.Media.Sessions;

namespace XSwitchEngine.Media.Io;

/// <summary>Commands from the core loop to one media loop: one writer, one reader, no lock.</summary>
/// <remarks>Holds 4096 commands. When it is full the writer yields until there is room: a media loop empties it many times a millisecond.</remarks>
internal sealed class CommandRing
{
    private const int Length = 4096;

    private readonly MediaCommand[] _commands = new MediaCommand[Length];
    private int _head;
    private int _tail;

    public bool IsEmpty => Volatile.Read(ref _head) == Volatile.Read(ref _tail);

    /// <summary>Adds a command unless the ring is full. Writer.</summary>
    public bool TryAdd(in MediaCommand command)
    {
        var head = _head;
        if (head - Volatile.Read(ref _tail) == Length)
        {
            return false;
        }

        _commands[head & (Length - 1)] = command;
        Volatile.Write(ref _head, head + 1);
        return true;
    }

    /// <summary>Looks at the next command without taking it. Reader.</summary>
    public bool TryPeek(out MediaCommand command)
    {
        if (IsEmpty)
        {
            command = default;
            return false;
        }

        command = _commands[_tail & (Length - 1)];
        return true;
    }

    /// <summary>Takes the command that was looked at. Reader.</summary>
    public void Take()
    {
        _commands[_tail & (Length - 1)] = default;
        Volatile.Write(ref _tail, _tail + 1);
    }
}
