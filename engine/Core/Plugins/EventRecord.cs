using System.Net;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>One event that a version handled, with what the host answered to it: enough to let another version live through the same.</summary>
/// <param name="e">The event; its data is the record's own.</param>
/// <param name="now">The time of the event.</param>
internal sealed class EventRecord(TransportEvent e, DateTimeOffset now)
{
    private readonly Answers<int, byte[]> _random = new();
    private readonly Answers<bool, bool> _refusals = new();
    private readonly Answers<bool, LegId> _legs = new();
    private readonly Answers<long, TimerId> _timers = new();
    private readonly Answers<IPEndPoint, ConnectionId> _connections = new();
    private readonly Answers<(string Number, string Domain), RegisterAnswer> _registers = new();
    private readonly Answers<(long Key, string Name), bool> _lookups = new();

    public TransportEvent Event { get; } = e;

    public DateTimeOffset Now { get; } = now;

    /// <summary>Bytes held.</summary>
    public int Size => Event.Data.Length + (Event.Request?.Body.Length ?? 0) + 256;

    public Answers<int, byte[]> Random => _random;

    public Answers<bool, bool> Refusals => _refusals;

    public Answers<bool, LegId> Legs => _legs;

    public Answers<long, TimerId> Timers => _timers;

    public Answers<IPEndPoint, ConnectionId> Connections => _connections;

    public Answers<(string Number, string Domain), RegisterAnswer> Registers => _registers;

    public Answers<(long Key, string Name), bool> Lookups => _lookups;

    /// <summary>A copy of an event whose data outlives the call.</summary>
    public static EventRecord Of(in TransportEvent e, DateTimeOffset now) =>
        new(e.Data.IsEmpty ? e : e with { Data = e.Data.ToArray() }, now);
}

/// <summary>What <see cref="IDirectory.Register"/> answered.</summary>
/// <param name="Bindings">The bindings afterwards.</param>
/// <param name="Outcome">The outcome.</param>
internal sealed record RegisterAnswer(IReadOnlyList<Registration> Bindings, RegisterOutcome Outcome);

/// <summary>Answers in the order in which they were given, found again by what was asked.</summary>
internal sealed class Answers<TAsked, TAnswer>
    where TAsked : notnull
{
    private List<(TAsked Asked, TAnswer Answer)>? _list;

    public void Add(TAsked asked, TAnswer answer) => (_list ??= []).Add((asked, answer));

    /// <summary>Takes the first answer to a question; false when it was not asked (any more).</summary>
    public bool TryTake(TAsked asked, out TAnswer answer)
    {
        var index = _list?.FindIndex(a => EqualityComparer<TAsked>.Default.Equals(a.Asked, asked)) ?? -1;
        if (index < 0)
        {
            answer = default!;
            return false;
        }

        answer = _list![index].Answer;
        _list.RemoveAt(index);
        return true;
    }
}
