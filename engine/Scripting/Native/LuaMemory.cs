using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace XSwitchEngine.Scripting.Native;

/// <summary>The memory account of one Lua state, in native memory because the allocator is called from C.</summary>
/// <remarks>
/// A refused allocation makes Lua jump over every frame up to the nearest protected call. Therefore nothing is refused while
/// <see cref="InHost"/> is above zero: whoever allocates from managed code bounds its own sizes, and the next allocation of the script is refused.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LuaMemory
{
    /// <summary>Bytes in use.</summary>
    public long Used;

    /// <summary>Most bytes in use.</summary>
    public long Limit;

    /// <summary>Bytes allocated in this slice, freed ones not deducted.</summary>
    public long Slice;

    /// <summary>Most bytes allocated in one slice.</summary>
    public long SliceLimit;

    /// <summary>Allocations refused so far.</summary>
    public long Refused;

    /// <summary>Managed frames that Lua must not jump over.</summary>
    public int InHost;

    /// <summary>Makes an account.</summary>
    public static LuaMemory* Create(long limit, long sliceLimit)
    {
        var memory = (LuaMemory*)NativeMemory.AllocZeroed((nuint)sizeof(LuaMemory));
        memory->Limit = limit;
        memory->SliceLimit = sliceLimit;
        memory->InHost = 1;
        return memory;
    }

    /// <summary>Lua's allocator.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void* Allocate(void* account, void* block, nuint oldSize, nuint newSize)
    {
        var memory = (LuaMemory*)account;
        var old = block == null ? 0 : (long)oldSize;   // without a block oldSize tells the kind of object
        if (newSize == 0)
        {
            memory->Used -= old;
            NativeMemory.Free(block);
            return null;
        }

        var growth = (long)newSize - old;
        if (growth > 0)
        {
            if (memory->InHost == 0 && (memory->Used + growth > memory->Limit || memory->Slice + growth > memory->SliceLimit))
            {
                memory->Refused++;
                return null;
            }

            memory->Slice += growth;
        }

        try
        {
            var result = NativeMemory.Realloc(block, newSize);
            memory->Used += growth;
            return result;
        }
        catch (OutOfMemoryException)
        {
            memory->Refused++;
            return null;
        }
    }
}
