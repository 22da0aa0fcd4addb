using System.Buffers;
using System.Globalization;
using System.Text;
using static XSwitchEngine.Scripting.Native.LuaNative;

namespace XSwitchEngine.Scripting.Native;

/// <summary>Values on and off a Lua stack, without metamethods.</summary>
internal static unsafe class LuaStack
{
    private const double LargestInteger = 9223372036854774784;   // the last double below 2^63

    /// <summary>Removes values from the top.</summary>
    public static void Pop(nint state, int count) => lua_settop(state, -count - 1);

    /// <summary>Pushes bytes as a string.</summary>
    public static void Push(nint state, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* p = bytes)
        {
            lua_pushlstring(state, p, (nuint)bytes.Length);
        }
    }

    /// <summary>Pushes text as UTF-8, or nil.</summary>
    public static void Push(nint state, string? text)
    {
        if (text is null)
        {
            lua_pushnil(state);
            return;
        }

        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (most <= 512)
        {
            Span<byte> small = stackalloc byte[512];
            Push(state, small[..Encoding.UTF8.GetBytes(text, small)]);
            return;
        }

        var rented = ArrayPool<byte>.Shared.Rent(most);
        Push(state, rented.AsSpan(0, Encoding.UTF8.GetBytes(text, rented)));
        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>Bytes of a value known to be a string; valid while it stays on the stack.</summary>
    public static ReadOnlySpan<byte> Bytes(nint state, int index)
    {
        nuint length;
        var p = StringAt(state, index, &length);
        return new ReadOnlySpan<byte>(p, (int)Math.Min(length, int.MaxValue));
    }

    /// <summary>Text of a string or number (an integral number without fraction, as Lua 5.2 prints it), null for all else.</summary>
    public static string? Text(nint state, int index)
    {
        switch (lua_type(state, index))
        {
            case TypeString:
                return Encoding.UTF8.GetString(Bytes(state, index));
            case TypeNumber:
                if (lua_isinteger(state, index) != 0)
                {
                    return lua_tointegerx(state, index, null).ToString(CultureInfo.InvariantCulture);
                }

                var number = lua_tonumberx(state, index, null);
                if (Math.Abs(number) <= LargestInteger && Math.Truncate(number) == number)
                {
                    return ((long)number).ToString(CultureInfo.InvariantCulture);
                }

                // Lua's own format (%.14g), on a copy: tolstring converts in place.
                lua_pushvalue(state, index);
                nuint length;
                var p = lua_tolstring(state, -1, &length);
                var text = Encoding.UTF8.GetString(p, (int)length);
                Pop(state, 1);
                return text;
            default:
                return null;
        }
    }

    /// <summary>Whether a value counts as a number in an argument: a number or a string that reads as one.</summary>
    public static bool TryNumber(nint state, int index, out double value)
    {
        var ok = 0;
        value = lua_type(state, index) is TypeNumber or TypeString ? lua_tonumberx(state, index, &ok) : 0;
        return ok != 0;
    }

    /// <summary>Lua's name of a value's type.</summary>
    public static string TypeName(nint state, int index) => lua_type(state, index) switch
    {
        TypeNone => "no value",
        TypeNil => "nil",
        TypeBoolean => "boolean",
        TypeNumber => "number",
        TypeString => "string",
        TypeTable => "table",
        TypeUserdata or 2 => "userdata",
        6 => "function",
        _ => "thread",
    };

    /// <summary>Puts a field into the table at the top.</summary>
    public static void SetField(nint state, ReadOnlySpan<byte> name, nint function)
    {
        Push(state, name);
        lua_pushcclosure(state, function, 0);
        lua_rawset(state, -3);
    }
}
