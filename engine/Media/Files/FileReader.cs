using System.Buffers;

namespace XSwitchEngine.Media.Files;

/// <summary>What a reader knows of its file.</summary>
internal enum FileState
{
    Opening,
    Open,
    NotFound,
    Failed,
}

/// <summary>Reads a WAV file ahead of its playing: the file thread fills a ring of blocks, one media loop empties it.</summary>
/// <remarks>A seek is a request with a number; blocks carry the number under which they were read, and those of an older one are passed over.</remarks>
#pragma warning disable CA1001 // the file thread that opened the file closes it when Close was called
internal sealed class FileReader : IFileWork
#pragma warning restore CA1001
{
    private const int BlockFrames = 2048;
    private const int BlockCount = 8; // 2 s at 8 kHz, a third of a second at 48 kHz

    private readonly string _path;
    private readonly Block[] _blocks = new Block[BlockCount];
    private volatile FileState _state;
    private volatile bool _closed;
    private int _filled;         // written by the file thread
    private int _emptied;        // written by the media loop
    private long _seekFrame;     // valid for the request numbered by _seekNumber
    private int _seekNumber;

    // Media loop.
    private int _offset;

    // File thread.
    private FileStream? _file;
    private WavHeader _header;
    private long _nextFrame;
    private int _loopsLeft;
    private int _servedSeek;
    private bool _atEnd;
    private byte[]? _bytes;

    /// <summary>A reader of a file that is not open yet.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="startFrame">Where to begin.</param>
    /// <param name="loops">How often to play it; −1 for ever. Later rounds begin at the beginning.</param>
    public FileReader(string path, long startFrame, int loops)
    {
        _path = path;
        _loopsLeft = loops;
        _nextFrame = Position = Math.Max(0, startFrame);
    }

    private struct Block
    {
        public short[]? Samples;
        public int Count;
        public int SeekNumber;
        public long Frame;
        public bool IsLast;
    }

    public FileState State => _state;

    /// <summary>Sample rate; valid when open.</summary>
    public int RateHz => _header.RateHz;

    /// <summary>Length of the file in frames; valid when open.</summary>
    public long Frames => _header.Frames;

    /// <summary>Frame that <see cref="Read"/> gives next.</summary>
    public long Position { get; private set; }

    /// <summary>Whether everything was read and taken.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Takes samples that were read ahead. Media loop.</summary>
    /// <returns>Less than asked for at the end, or when the disk is behind.</returns>
    public int Read(Span<short> samples)
    {
        var done = 0;
        while (done < samples.Length && _emptied != Volatile.Read(ref _filled))
        {
            ref var block = ref _blocks[_emptied % BlockCount];
            if (block.SeekNumber != _seekNumber)
            {
                _offset = 0;
                Volatile.Write(ref _emptied, _emptied + 1);
                continue;
            }

            var take = Math.Min(samples.Length - done, block.Count - _offset);
            block.Samples.AsSpan(_offset, take).CopyTo(samples[done..]);
            done += take;
            _offset += take;
            Position = block.Frame + _offset;
            if (_offset == block.Count)
            {
                IsFinished = block.IsLast;
                _offset = 0;
                Volatile.Write(ref _emptied, _emptied + 1);
            }
        }

        return done;
    }

    /// <summary>Goes to a frame, clamped to the file. Media loop, once open.</summary>
    public void Seek(long frame)
    {
        Position = Math.Clamp(frame, 0, Frames);
        IsFinished = false;
        Volatile.Write(ref _seekFrame, Position);
        Volatile.Write(ref _seekNumber, _seekNumber + 1);
    }

    /// <summary>Lets go of the file. Media loop; nothing may be read afterwards.</summary>
    public void Close() => _closed = true;

    /// <inheritdoc/>
    public bool Service()
    {
        if (_closed || (_state == FileState.Opening && !TryOpen()))
        {
            Release();
            return false;
        }

        try
        {
            while (!_closed && FillBlock())
            {
            }
        }
        catch (Exception) // whatever the file system throws, this playback has failed
        {
            _state = FileState.Failed;
            Release();
            return false;
        }

        return true;
    }

    private bool TryOpen()
    {
        try
        {
            _file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (!WavHeader.TryRead(_file, out _header, out _))
            {
                _state = FileState.Failed;
                return false;
            }

            _nextFrame = Math.Clamp(_nextFrame, 0, _header.Frames);
            _bytes = ArrayPool<byte>.Shared.Rent(BlockFrames * _header.BytesPerFrame);
            _state = FileState.Open;
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            _state = FileState.NotFound;
        }
        catch (Exception)
        {
            _state = FileState.Failed;
        }

        return false;
    }

    /// <summary>Reads one block if there is room and something to read.</summary>
    private bool FillBlock()
    {
        var seek = Volatile.Read(ref _seekNumber);
        if (seek != _servedSeek)
        {
            _servedSeek = seek;
            _nextFrame = Volatile.Read(ref _seekFrame);
            _atEnd = false;
        }

        if (_atEnd || _filled - Volatile.Read(ref _emptied) == BlockCount)
        {
            return false;
        }

        ref var block = ref _blocks[_filled % BlockCount];
        block.Samples ??= ArrayPool<short>.Shared.Rent(BlockFrames);
        block.SeekNumber = _servedSeek;
        block.Frame = _nextFrame;
        block.Count = ReadFrames(block.Samples);
        _nextFrame += block.Count;
        block.IsLast = false;
        if (block.Count < BlockFrames)
        {
            if (_loopsLeft is not (0 or 1) && _header.Frames > 0)
            {
                _loopsLeft -= _loopsLeft > 0 ? 1 : 0;
                _nextFrame = 0;
            }
            else
            {
                block.IsLast = _atEnd = true;
            }
        }

        Volatile.Write(ref _filled, _filled + 1);
        return true;
    }

    private int ReadFrames(short[] samples)
    {
        var frames = (int)Math.Clamp(_header.Frames - _nextFrame, 0, BlockFrames);
        var bytes = _bytes.AsSpan(0, frames * _header.BytesPerFrame);
        _file!.Position = _header.DataOffset + (_nextFrame * _header.BytesPerFrame);
        var got = _file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) / _header.BytesPerFrame;
        _header.ToMono(bytes[..(got * _header.BytesPerFrame)], samples.AsSpan(0, got));
        return got;
    }

    private void Release()
    {
        _file?.Dispose();
        _file = null;
        if (_bytes is { } bytes)
        {
            _bytes = null;
            ArrayPool<byte>.Shared.Return(bytes);
        }

        // The media loop may still hold a block of a file that failed, so only a closed reader gives its blocks back.
        if (_closed)
        {
            for (var i = 0; i < BlockCount; i++)
            {
                if (_blocks[i].Samples is { } samples)
                {
                    _blocks[i].Samples = null;
                    ArrayPool<short>.Shared.Return(samples);
                }
            }
        }
    }
}
