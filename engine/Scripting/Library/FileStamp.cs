namespace XSwitchEngine.Scripting.Library;

/// <summary>What tells two states of a file apart without reading it.</summary>
/// <param name="Written">Time of the last write, ticks UTC; 0 when the file is not there.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct FileStamp(long Written, long Length)
{
    /// <summary>Whether there is a file.</summary>
    public bool Exists => Written != 0;

    /// <summary>Looks at a file.</summary>
    public static FileStamp Of(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file.Exists ? new FileStamp(file.LastWriteTimeUtc.Ticks, file.Length) : default;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return default;
        }
    }
}
