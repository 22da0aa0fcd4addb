namespace XSwitchEngine.Plugins.Verto.Sessions;

/// <summary>The place of one response, or one array of responses, in the order of a socket.</summary>
internal sealed class ReplySlot(long key, int parts, bool isBatch)
{
    public long Key { get; } = key;

    public bool IsBatch { get; } = isBatch;

    /// <summary>The responses; null where one is still to come.</summary>
    public byte[]?[] Parts { get; } = new byte[]?[parts];

    /// <summary>Whether it took so long that later responses no longer wait for it.</summary>
    public bool IsLate { get; set; }

    public bool IsComplete => Array.TrueForAll(Parts, p => p is not null);

    /// <summary>What is to be sent.</summary>
    public byte[] Bytes()
    {
        if (!IsBatch)
        {
            return Parts[0]!;
        }

        using var all = new MemoryStream();
        all.WriteByte((byte)'[');
        for (var i = 0; i < Parts.Length; i++)
        {
            if (i > 0)
            {
                all.WriteByte((byte)',');
            }

            all.Write(Parts[i]);
        }

        all.WriteByte((byte)']');
        return all.ToArray();
    }
}
