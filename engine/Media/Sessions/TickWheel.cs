namespace XSwitchEngine.Media.Sessions;

/// <summary>Twenty slots of 1 ms: each ticker is in one of them and so ticks every 20 ms, not all at the same time.</summary>
/// <remarks>Up to some hundred tickers share four slots, since each slot in use costs a wake-up; more are spread over all.</remarks>
internal sealed class TickWheel
{
    private const int Slots = 20;
    private const int CoarseStep = 5;
    private const int CoarseLimit = 400;
    private const long SlotUs = 1000;
    private const long LongestBacklog = 100; // five frames: beyond that time is lost, not made up for

    private readonly List<ITicker>[] _slots = new List<ITicker>[Slots];
    private int _count;
    private long _turn;

    public TickWheel()
    {
        for (var i = 0; i < Slots; i++)
        {
            _slots[i] = [];
        }
    }

    /// <summary>When <see cref="Run"/> is due; <see cref="long.MaxValue"/> while nothing ticks.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    public void Add(ITicker ticker, long nowUs)
    {
        var step = _count < CoarseLimit ? CoarseStep : 1;
        var best = 0;
        for (var slot = 0; slot < Slots; slot += step)
        {
            best = _slots[slot].Count < _slots[best].Count ? slot : best;
        }

        if (_count == 0)
        {
            _turn = nowUs / SlotUs;
        }

        ticker.Slot = best;
        ticker.SlotIndex = _slots[best].Count;
        ticker.LastTick = 0;
        _slots[best].Add(ticker);
        _count++;
        FindDue();
    }

    public void Remove(ITicker ticker)
    {
        var slot = _slots[ticker.Slot];
        var last = slot[^1];
        slot[ticker.SlotIndex] = last;
        last.SlotIndex = ticker.SlotIndex;
        slot.RemoveAt(slot.Count - 1);
        ticker.Slot = -1;
        _count--;
        FindDue();
    }

    /// <summary>Runs all slots whose time has come.</summary>
    public void Run(long nowUs)
    {
        var until = nowUs / SlotUs;
        _turn = Math.Max(_turn, until - LongestBacklog);
        while (_turn < until)
        {
            var turn = ++_turn;
            var slot = _slots[turn % Slots];

            // Tickers come and go while others tick: the turn's mark keeps one that moved within the slot from ticking twice.
            for (var i = slot.Count - 1; i >= 0; i--)
            {
                if (i < slot.Count && slot[i].LastTick != turn)
                {
                    slot[i].LastTick = turn;
                    slot[i].Tick(turn * SlotUs);
                }
            }
        }

        FindDue();
    }

    private void FindDue()
    {
        DueUs = long.MaxValue;
        if (_count == 0)
        {
            return;
        }

        for (var ahead = 1; ahead <= Slots; ahead++)
        {
            if (_slots[(_turn + ahead) % Slots].Count > 0)
            {
                DueUs = (_turn + ahead) * SlotUs;
                return;
            }
        }
    }
}
