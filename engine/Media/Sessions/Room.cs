using XSwitchEngine.Media.Audio;

namespace XSwitchEngine.Media.Sessions;

/// <summary>A mixing room: each member hears all others. Its members live on one loop.</summary>
/// <remarks>Mixes at the highest rate among its members. All is summed once; each member's own part is taken out of the sum again.</remarks>
internal sealed class Room(long id, MediaCore core) : ITicker
{
    private const int TalkEnergy = 300;     // as FreeSWITCH's energy level: mean of the absolute samples
    private const int FramesToTalk = 5;
    private const int FramesToRest = 40;

    private readonly List<MediaLeg> _members = [];
    private readonly List<Member> _states = [];
    private short[] _heard = [];
    private short[] _mixes = [];
    private int _rateHz;

    public long Id { get; } = id;

    /// <inheritdoc/>
    public int Slot { get; set; } = -1;

    /// <inheritdoc/>
    public int SlotIndex { get; set; }

    /// <inheritdoc/>
    public long LastTick { get; set; }

    private sealed class Member
    {
        public Resampler? Resampler;
        public bool IsTalking;
        public int Frames; // in a row that speak against IsTalking
    }

    public void Add(MediaLeg leg, RoomFlags flags)
    {
        leg.Detach();
        core.StopTicks(leg);
        leg.Room = this;
        leg.RoomFlags = flags;
        _members.Add(leg);
        _states.Add(new Member());
        leg.ArrangeAll();
        core.SetTicking(this, true);
    }

    public void Remove(MediaLeg leg)
    {
        var index = _members.IndexOf(leg);
        _members.RemoveAt(index);
        _states.RemoveAt(index);
        leg.Room = null;
        leg.ArrangeAll();
        if (_members.Count == 0)
        {
            core.SetTicking(this, false);
            core.RemoveRoom(this);
        }
    }

    /// <inheritdoc/>
    public void Tick(long nowUs)
    {
        var count = _members.Count;
        var rateHz = 8000;
        foreach (var leg in _members)
        {
            rateHz = Math.Max(rateHz, leg.Stream?.Codec.RateHz ?? 0);
        }

        var frame = rateHz / 50;
        if (_rateHz != rateHz || _heard.Length < count * frame)
        {
            _rateHz = rateHz;
            _heard = new short[count * frame];
            _mixes = new short[count * frame];
        }

        for (var i = 0; i < count; i++)
        {
            var heard = _heard.AsSpan(i * frame, frame);
            Gather(_members[i], _states[i], heard, nowUs);
            Watch(_members[i], _states[i], heard);
        }

        Mixer.MixMinus(_heard.AsSpan(0, count * frame), _mixes.AsSpan(0, count * frame), frame);
        for (var i = 0; i < count; i++)
        {
            var hears = (_members[i].RoomFlags & RoomFlags.Hear) != 0;
            _members[i].Send(hears ? _mixes.AsSpan(i * frame, frame) : default, rateHz, nowUs);
        }

        // From the end: an ended playback may leave the list as it is, but never longer.
        for (var i = count - 1; i >= 0; i--)
        {
            _members[i].Finish(nowUs);
        }
    }

    private void Gather(MediaLeg leg, Member state, Span<short> frame, long nowUs)
    {
        leg.Receive(nowUs);
        if ((leg.RoomFlags & RoomFlags.Speak) == 0 || leg.Input is not { HasAudio: true } input)
        {
            frame.Clear();
            return;
        }

        if (input.RateHz == _rateHz)
        {
            input.Frame.CopyTo(frame);
            return;
        }

        if (state.Resampler is null || state.Resampler.FromHz != input.RateHz || state.Resampler.ToHz != _rateHz)
        {
            state.Resampler = new Resampler(input.RateHz, _rateHz);
        }

        frame[state.Resampler.Process(input.Frame, frame)..].Clear();
    }

    /// <summary>Tells who begins and who ends talking: a tenth of a second of sound, eight tenths of quiet.</summary>
    private static void Watch(MediaLeg leg, Member state, ReadOnlySpan<short> frame)
    {
        long sum = 0;
        foreach (var sample in frame)
        {
            sum += Math.Abs((int)sample);
        }

        var energy = sum / frame.Length;
        state.Frames = energy >= TalkEnergy == state.IsTalking ? 0 : state.Frames + 1;
        if (state.Frames >= (state.IsTalking ? FramesToRest : FramesToTalk))
        {
            (state.IsTalking, state.Frames) = (!state.IsTalking, 0);
            leg.Emit(MediaEventKind.Talking, 0, state.IsTalking ? 1 : 0, energy, 0);
        }
    }
}
