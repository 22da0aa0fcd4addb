using System.Runtime.InteropServices;

namespace XSwitchEngine.Scripting.Native;

/// <summary>The part of Lua 5.4's C interface that the script host uses, on the library that KeraLua ships.</summary>
/// <remarks>
/// A function that can raise or yield must never be called while managed frames stand between it and the Lua frame it would jump to.
/// So nothing here runs a metamethod, and the allocator does not fail while managed code is on the stack (<see cref="LuaMemory"/>).
/// <c>SuppressGCTransition</c> stands only where the function cannot allocate, call back, raise or take long.
/// </remarks>
internal static unsafe partial class LuaNative
{
    public const string Library = "liblua54";

    public const int Ok = 0;
    public const int Yield = 1;
    public const int MultipleReturns = -1;
    public const int RegistryIndex = -1_001_000;
    public const int GlobalsKey = 2;
    public const int MaskCount = 8;

    public const int TypeNone = -1;
    public const int TypeNil = 0;
    public const int TypeBoolean = 1;
    public const int TypeNumber = 3;
    public const int TypeString = 4;
    public const int TypeTable = 5;
    public const int TypeUserdata = 7;

    public const int GcCollect = 2;
    public const int GcCount = 3;
    public const int GcStop = 0;
    public const int GcRestart = 1;

    /// <summary>Address of <c>luaL_error</c>: as a count hook it makes the VM itself raise, with no managed frame on the stack.</summary>
    public static readonly nint RaiseHook = NativeLibrary.GetExport(NativeLibrary.Load(Library, typeof(LuaNative).Assembly, null), "luaL_error");

    [LibraryImport(Library)]
    public static partial nint lua_newstate(delegate* unmanaged[Cdecl]<void*, void*, nuint, nuint, void*> allocator, void* state);

    [LibraryImport(Library)]
    public static partial void lua_close(nint L);

    [LibraryImport(Library)]
    public static partial void luaL_openlibs(nint L);

    [LibraryImport(Library)]
    public static partial nint lua_newthread(nint L);

    [LibraryImport(Library)]
    public static partial int lua_resume(nint L, nint from, int arguments, int* results);

    [LibraryImport(Library)]
    public static partial int lua_closethread(nint L, nint from);

    [LibraryImport(Library)]
    public static partial int lua_yieldk(nint L, int results, nint context, nint continuation);

    [LibraryImport(Library)]
    public static partial int lua_pcallk(nint L, int arguments, int results, int handler, nint context, nint continuation);

    [LibraryImport(Library)]
    public static partial void lua_sethook(nint L, nint hook, int mask, int count);

    [LibraryImport(Library)]
    public static partial int luaL_loadbufferx(nint L, byte* buffer, nuint size, byte* name, byte* mode);

    [LibraryImport(Library)]
    public static partial void luaL_traceback(nint L, nint of, byte* message, int level);

    [LibraryImport(Library)]
    public static partial int luaL_ref(nint L, int table);

    [LibraryImport(Library)]
    public static partial void luaL_unref(nint L, int table, int reference);

    [LibraryImport(Library)]
    public static partial int lua_gc(nint L, int what);

    [LibraryImport(Library)]
    public static partial int lua_checkstack(nint L, int slots);

    [LibraryImport(Library)]
    public static partial void lua_createtable(nint L, int arraySize, int hashSize);

    [LibraryImport(Library)]
    public static partial nint lua_newuserdatauv(nint L, nuint size, int values);

    [LibraryImport(Library)]
    public static partial void lua_pushcclosure(nint L, nint function, int upvalues);

    [LibraryImport(Library)]
    public static partial byte* lua_pushlstring(nint L, byte* text, nuint length);

    [LibraryImport(Library)]
    public static partial byte* lua_tolstring(nint L, int index, nuint* length);

    [LibraryImport(Library)]
    public static partial void lua_rawset(nint L, int index);

    [LibraryImport(Library)]
    public static partial void lua_rawseti(nint L, int index, long key);

    [LibraryImport(Library)]
    public static partial int lua_rawget(nint L, int index);

    [LibraryImport(Library)]
    public static partial int lua_setmetatable(nint L, int index);

    [LibraryImport(Library)]
    public static partial void lua_xmove(nint from, nint to, int count);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int lua_gettop(nint L);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int lua_type(nint L, int index);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int lua_toboolean(nint L, int index);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int lua_isinteger(nint L, int index);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int lua_isyieldable(nint L);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int lua_gethookcount(nint L);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial long lua_tointegerx(nint L, int index, int* ok);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial double lua_tonumberx(nint L, int index, int* ok);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial nint lua_touserdata(nint L, int index);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial nuint lua_rawlen(nint L, int index);

    /// <summary>For a value known to be a string: then nothing is converted and nothing allocated.</summary>
    [LibraryImport(Library, EntryPoint = "lua_tolstring")]
    [SuppressGCTransition]
    public static partial byte* StringAt(nint L, int index, nuint* length);

    /// <summary>Only downwards, and never over a to-be-closed variable.</summary>
    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial void lua_settop(nint L, int index);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial void lua_rotate(nint L, int index, int count);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial void lua_pushnil(nint L);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial void lua_pushboolean(nint L, int value);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial void lua_pushinteger(nint L, long value);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial void lua_pushnumber(nint L, double value);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial void lua_pushvalue(nint L, int index);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int lua_rawgeti(nint L, int index, long key);
}
