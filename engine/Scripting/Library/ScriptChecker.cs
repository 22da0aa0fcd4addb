using System.Text;
using NLua.Exceptions;

namespace XSwitchEngine.Scripting.Library;

/// <summary>Compiles scripts on a state of its own, in which nothing is ever run.</summary>
internal sealed class ScriptChecker : IDisposable
{
    private readonly Lock _gate = new();
    private NLua.Lua? _state;

    /// <summary>Checks a chunk.</summary>
    /// <param name="name">For the message.</param>
    /// <param name="text">Source text; a binary chunk is refused.</param>
    /// <returns>Null, or <c>name:line: message</c>.</returns>
    public string? Check(string name, byte[] text)
    {
        if (text.Length > 0 && text[0] == 0x1b)
        {
            return $"{name}:1: attempt to load a binary chunk (mode is 't')";
        }

        lock (_gate)
        {
            _state ??= new NLua.Lua(openLibs: false) { State = { Encoding = Encoding.UTF8 } };
            try
            {
                _state.LoadString(text, "=" + name).Dispose();
                return null;
            }
            catch (LuaScriptException e)
            {
                return e.Message;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _state?.Dispose();
            _state = null;
        }
    }
}
