using System.Buffers;

namespace XSwitchEngine.Core.Listeners;

/// <summary>Bytes that a connection could not send yet, in one pooled array. Bounded.</summary>
/// <param name="maxBytes">Most bytes held.</param>
internal sealed class SendQueue(int maxBytes)
{
    private byte[]? _buffer;
    private int _start;

    /// <summary>Bytes waiting.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes waiting, oldest first.</summary>
    public ReadOnlySpan<byte> Pending => _buffer.AsSpan(_start, Length);

    /// <summary>Adds bytes at the end.</summary>
    /// <returns>False when the bound would be passed; nothing is added then.</returns>
    public bool TryAdd(ReadOnlySpan<byte> data)
    {
        if (data.Length > maxBytes - Length)
        {
            return false;
        }

        if (_buffer is null || _start + Length + data.Length > _buffer.Length)
        {
            Room(Length + data.Length);
        }

        data.CopyTo(_buffer.AsSpan(_start + Length));
        Length += data.Length;
        return true;
    }

    /// <summary>Takes bytes away at the front.</summary>
    public void Consume(int count)
    {
        _start += count;
        Length -= count;
        if (Length == 0)
        {
            Clear();
        }
    }

    /// <summary>Drops everything and gives the array back.</summary>
    public void Clear()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }

        _buffer = null;
        _start = Length = 0;
    }

    private void Room(int needed)
    {
        if (_buffer is not null && needed <= _buffer.Length / 2)
        {
            Pending.CopyTo(_buffer);
            _start = 0;
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 4096));
        var length = Length;
        Pending.CopyTo(larger);
        Clear();
        _buffer = larger;
        Length = length;
    }
}
