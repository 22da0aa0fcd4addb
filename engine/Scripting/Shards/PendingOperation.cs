using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Api;

namespace XSwitchEngine.Scripting.Shards;

/// <summary>An operation that a script has begun and waits for. Shard thread only.</summary>
internal sealed class PendingOperation(int sequence, LegId leg, ScriptOp op, ResultKind resultKind, SessionObject? session)
{
    /// <summary>Most inputs that wait for the callback; a stranger who presses keys faster loses them.</summary>
    private const int MostInputs = 64;

    private Queue<ScriptInput>? _inputs;

    /// <summary>Its number within the run.</summary>
    public int Sequence { get; } = sequence;

    /// <summary>The leg it is done on, or default.</summary>
    public LegId Leg { get; } = leg;

    /// <summary>What is done.</summary>
    public ScriptOp Op { get; } = op;

    /// <summary>How its result looks in Lua.</summary>
    public ResultKind ResultKind { get; } = resultKind;

    /// <summary>The session object it was called on, or that takes its result.</summary>
    public SessionObject? Session { get; } = session;

    /// <summary>Whether <see cref="Result"/> is there.</summary>
    public bool IsDone { get; private set; }

    /// <summary>The result.</summary>
    public OpResult Result { get; private set; }

    /// <summary>Takes the result; the first one counts.</summary>
    public bool TryComplete(OpResult result)
    {
        if (IsDone)
        {
            return false;
        }

        Result = result;
        IsDone = true;
        return true;
    }

    /// <summary>Keeps an input for the callback.</summary>
    public void Add(ScriptInput input)
    {
        _inputs ??= new Queue<ScriptInput>();
        if (_inputs.Count < MostInputs)
        {
            _inputs.Enqueue(input);
        }
    }

    /// <summary>Takes the next input.</summary>
    public bool TryTake(out ScriptInput input)
    {
        input = default;
        return _inputs is not null && _inputs.TryDequeue(out input);
    }
}
