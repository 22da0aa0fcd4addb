using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using XSwitchEngine.Scripting.Native;
using XSwitchEngine.Scripting.Text;
using static XSwitchEngine.Scripting.Native.LuaNative;

namespace XSwitchEngine.Scripting.Shards;

/// <summary>Natives of the string library.</summary>
internal static unsafe partial class Natives
{
    /// <summary>Longest result of <c>gsub</c>; what is pushed from here is not refused by the allocator.</summary>
    private const int LongestText = 16 << 20;

    private static readonly SearchValues<byte> Specials = SearchValues.Create("^$*+?.([%-"u8);

    private enum FindMode
    {
        /// <summary>Start, end, captures.</summary>
        Find,

        /// <summary>Captures, or the whole.</summary>
        Match,

        /// <summary>Start, end exclusive, captures or the whole; a leading <c>^</c> is no anchor.</summary>
        Step,

        /// <summary>Likewise, with the first capture alone.</summary>
        StepOne,
    }

    /// <summary>
    /// find(mode, text, pattern, init, plain or anchored, rejected end): what the mode says; nil when there is no match; false and a message when something is wrong.
    /// </summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Find(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            var mode = (FindMode)lua_tointegerx(state, 1, null);
            if (!TryText(state, 2, out var text) || !TryText(state, 3, out var pattern))
            {
                return BadArgument(state, lua_type(state, 2) is TypeString or TypeNumber ? 2 : 1, mode == FindMode.Find ? "find" : mode == FindMode.Match ? "match" : "gmatch");
            }

            var init = lua_tointegerx(state, 4, null);
            var from = init > 0 ? init - 1 : init == 0 ? 0 : Math.Max(0, text.Length + init);
            if (from > text.Length)
            {
                lua_pushnil(state);
                return 1;
            }

            var flag = lua_toboolean(state, 5) != 0;
            if (mode == FindMode.Find && (flag || pattern.IndexOfAny(Specials) < 0))
            {
                return FindPlain(state, text, pattern, (int)from);
            }

            var isAnchored = mode >= FindMode.Step ? flag : pattern is [(byte)'^', ..];
            var rejected = mode >= FindMode.Step ? (int)lua_tointegerx(state, 6, null) : -1;
            var matcher = new LuaPattern(text, mode < FindMode.Step && isAnchored ? pattern[1..] : pattern);
            var found = matcher.TryFind((int)from, isAnchored, rejected, out var start, out var end);
            shard.Guard.Expedite(state);
            if (!found)
            {
                return matcher.Error is { } error ? False(state, error) : Nil(state);
            }

            if (lua_checkstack(state, LuaPattern.MostCaptures + 4) == 0)
            {
                return False(state, "stack overflow");
            }

            var pushed = 0;
            if (mode != FindMode.Match)
            {
                lua_pushinteger(state, start + 1);
                lua_pushinteger(state, mode == FindMode.Find ? end : end + 1);
                pushed = 2;
            }

            var captures = mode == FindMode.StepOne || (matcher.Captures == 0 && mode != FindMode.Find) ? 1 : matcher.Captures;
            for (var i = 0; i < captures; i++)
            {
                PushCapture(state, text, matcher.Capture(i, start, end));
            }

            return matcher.Error is { } wrong ? False(state, wrong) : pushed + captures;
        }
    }

    /// <summary>substitute(text, pattern, replacement, most): new text and number of matches; false and a message when something is wrong.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Substitute(nint state)
    {
        return Guarded(state, &Body);

        static int Body(ScriptShard shard, ScriptRun run, nint state)
        {
            for (var i = 1; i <= 3; i++)
            {
                if (!TryText(state, i, out _))
                {
                    return BadArgument(state, i, "gsub");
                }
            }

            _ = TryText(state, 1, out var text);
            _ = TryText(state, 2, out var pattern);
            _ = TryText(state, 3, out var replacement);
            var most = lua_type(state, 4) == TypeNumber ? lua_tointegerx(state, 4, null) : long.MaxValue;
            var isAnchored = pattern is [(byte)'^', ..];
            var matcher = new LuaPattern(text, isAnchored ? pattern[1..] : pattern);
            var output = new ArrayBufferWriter<byte>(Math.Max(16, text.Length));
            var (position, last, count) = (0, -1, 0L);
            string? error = null;
            while (count < most && error is null && matcher.TryFind(position, isAnchored, last, out var start, out var end))
            {
                count++;
                output.Write(text[position..start]);
                error = Replace(ref matcher, output, text, replacement, start, end);
                position = last = end;
                if (isAnchored)
                {
                    break;
                }
            }

            shard.Guard.Expedite(state);
            error ??= matcher.Error;
            if (error is not null)
            {
                return False(state, error);
            }

            output.Write(text[position..]);
            LuaStack.Push(state, output.WrittenSpan);
            lua_pushinteger(state, count);
            return 2;
        }
    }

    private static string? Replace(ref LuaPattern matcher, ArrayBufferWriter<byte> output, ReadOnlySpan<byte> text, ReadOnlySpan<byte> replacement, int start, int end)
    {
        for (var i = 0; i < replacement.Length; i++)
        {
            if (output.WrittenCount > LongestText)
            {
                return "resulting string too large";
            }

            var escape = replacement[i..].IndexOf((byte)'%');
            if (escape < 0)
            {
                output.Write(replacement[i..]);
                break;
            }

            output.Write(replacement.Slice(i, escape));
            i += escape + 1;
            var code = i < replacement.Length ? replacement[i] : (byte)0;
            switch (code)
            {
                case (byte)'%':
                    output.Write("%"u8);
                    break;
                case (byte)'0':
                    output.Write(text[start..end]);
                    break;
                case >= (byte)'1' and <= (byte)'9':
                    var (from, length) = matcher.Capture(code - '1', start, end);
                    if (matcher.Error is { } error)
                    {
                        return error;
                    }

                    if (length == LuaPattern.PositionCapture)
                    {
                        output.Write(System.Text.Encoding.ASCII.GetBytes((from + 1).ToString(System.Globalization.CultureInfo.InvariantCulture)));
                    }
                    else
                    {
                        output.Write(text.Slice(from, length));
                    }

                    break;
                default:
                    return "invalid use of '%' in replacement string";
            }
        }

        return output.WrittenCount > LongestText ? "resulting string too large" : null;
    }

    private static int FindPlain(nint state, ReadOnlySpan<byte> text, ReadOnlySpan<byte> pattern, int from)
    {
        var at = text[from..].IndexOf(pattern);
        if (at < 0)
        {
            return Nil(state);
        }

        lua_pushinteger(state, from + at + 1);
        lua_pushinteger(state, from + at + pattern.Length);
        return 2;
    }

    private static void PushCapture(nint state, ReadOnlySpan<byte> text, (int Start, int Length) capture)
    {
        if (capture.Length == LuaPattern.PositionCapture)
        {
            lua_pushinteger(state, capture.Start + 1);
        }
        else if (capture.Length >= 0)
        {
            LuaStack.Push(state, text.Slice(capture.Start, capture.Length));
        }
        else
        {
            lua_pushnil(state);
        }
    }

    /// <summary>A string argument; a number is converted in place, as Lua does.</summary>
    private static bool TryText(nint state, int index, out ReadOnlySpan<byte> text)
    {
        text = default;
        switch (lua_type(state, index))
        {
            case TypeString:
                text = LuaStack.Bytes(state, index);
                return true;
            case TypeNumber:
                nuint length;
                var p = lua_tolstring(state, index, &length);
                text = new ReadOnlySpan<byte>(p, (int)length);
                return true;
            default:
                return false;
        }
    }

    private static int BadArgument(nint state, int number, string function)
    {
        var index = function == "gsub" ? number : number + 1;
        return False(state, $"bad argument #{number} to '{function}' (string expected, got {LuaStack.TypeName(state, index)})");
    }

    private static int False(nint state, string message)
    {
        lua_pushboolean(state, 0);
        LuaStack.Push(state, message);
        return 2;
    }

    private static int Nil(nint state)
    {
        lua_pushnil(state);
        return 1;
    }
}
