using System.Security.Cryptography;

namespace XSwitchEngine.Core.Calls;

/// <summary>Random UUIDs (RFC 9562 §5.4) for legs. Any thread.</summary>
/// <remarks>They name a leg to scripts and operators and cannot be guessed. Random bytes are drawn in blocks: the system's own generator costs a system call for each UUID.</remarks>
internal static class Uuids
{
    private const int Length = 16;

    [ThreadStatic]
    private static byte[]? _block;

    [ThreadStatic]
    private static int _used;

    /// <summary>A new one.</summary>
    public static Guid Next()
    {
        var block = _block;
        if (block is null)
        {
            block = _block = new byte[64 * Length];
            _used = block.Length;
        }

        if (_used == block.Length)
        {
            RandomNumberGenerator.Fill(block);
            _used = 0;
        }

        var bytes = block.AsSpan(_used, Length);
        _used += Length;
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        var uuid = new Guid(bytes, bigEndian: true);
        bytes.Clear();
        return uuid;
    }
}
