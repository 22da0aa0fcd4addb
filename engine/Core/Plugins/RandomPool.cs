using System.Security.Cryptography;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Strong random bytes, drawn from the system in blocks: a tag or a nonce then costs a copy, not a system call. One loop only.</summary>
internal sealed class RandomPool
{
    private readonly byte[] _block = new byte[1024];
    private int _used = 1024;

    public void Fill(Span<byte> buffer)
    {
        if (buffer.Length > _block.Length / 4)
        {
            RandomNumberGenerator.Fill(buffer);
            return;
        }

        if (_used + buffer.Length > _block.Length)
        {
            RandomNumberGenerator.Fill(_block);
            _used = 0;
        }

        // What has been given out is not kept.
        var taken = _block.AsSpan(_used, buffer.Length);
        taken.CopyTo(buffer);
        taken.Clear();
        _used += buffer.Length;
    }
}
