using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace XSwitchEngine.Media.Files;

/// <summary>Writes a WAV file behind the audio: one media loop fills a ring of samples, the file thread empties it to the disk.</summary>
/// <remarks>
/// The sizes in the header are written after the samples they count, several times a second, so that the file can be played whenever
/// the process dies. When the disk falls a second behind, the lost samples become silence and the file keeps its time.
/// </remarks>
#pragma warning disable CA1001 // the file thread that opened the file closes it at the end of the recording
internal sealed class WavRecorder(string path, bool createDirectories, int channels, Action<WavRecorder> ended) : IFileWork
#pragma warning restore CA1001
{
    private const int FlushMs = 80;

    private readonly byte[] _header = new byte[WavHeader.Length];
    private short[]? _ring;
    private int _mask;
    private long _head;            // written by the media loop
    private long _tail;            // written by the file thread
    private int _rateHz = 8000;
    private volatile bool _finishing;
    private volatile bool _truncating;
    private volatile bool _dead;

    // Media loop.
    private long _owed;

    // File thread.
    private FileStream? _file;
    private long _dataLength;
    private byte[]? _bytes;

    /// <summary>Whether the file could not be written; what is given is dropped.</summary>
    public bool IsDead => _dead;

    /// <summary>Why it ended; valid when <c>ended</c> is called.</summary>
    public RecordingEnd End { get; private set; }

    /// <summary>Frames in the file.</summary>
    public long Frames => _dataLength / (2 * channels);

    /// <summary>Sample rate of the file.</summary>
    public int RateHz => _rateHz;

    public int Channels => channels;

    public bool IsStarted => _ring is not null;

    /// <summary>Fixes the rate. Media loop, before the first <see cref="Write"/>.</summary>
    public void Start(int rateHz)
    {
        _rateHz = rateHz;
        var length = (int)BitOperations.RoundUpToPowerOf2((uint)(rateHz * channels));
        _mask = length - 1;
        Volatile.Write(ref _ring, ArrayPool<short>.Shared.Rent(length));
    }

    /// <summary>Adds samples, interleaved when stereo. Media loop.</summary>
    public void Write(ReadOnlySpan<short> samples)
    {
        if (_dead || _finishing)
        {
            return;
        }

        var free = _mask + 1 - (_head - Volatile.Read(ref _tail));
        if (free < _owed + samples.Length)
        {
            _owed += samples.Length;
            return;
        }

        var head = _head;
        for (; _owed > 0; _owed--)
        {
            _ring![(int)(head++ & _mask)] = 0;
        }

        foreach (var sample in samples)
        {
            _ring![(int)(head++ & _mask)] = sample;
        }

        Volatile.Write(ref _head, head);
    }

    /// <summary>Ends the recording. Media loop, or the core before the loop knew of it.</summary>
    /// <param name="end">Why.</param>
    /// <param name="truncate">Whether to empty the file.</param>
    public void Finish(RecordingEnd end, bool truncate = false)
    {
        if (!_finishing)
        {
            End = end;
            _truncating = truncate;
            _finishing = true;
        }
    }

    /// <inheritdoc/>
    public bool Service()
    {
        try
        {
            if (_file is null)
            {
                Open();
            }

            var finishing = _finishing;
            Drain(finishing);
            if (!finishing)
            {
                return true;
            }

            if (_truncating)
            {
                _dataLength = 0;
                _file!.SetLength(WavHeader.Length);
                WriteHeader();
            }
        }
        catch (Exception) // whatever the file system throws, this recording has failed
        {
            End = RecordingEnd.Failed;
            _finishing = true;
            _dead = true;
        }

        Release();
        ended(this);
        return false;
    }

    private void Open()
    {
        if (createDirectories && Path.GetDirectoryName(path) is { Length: > 0 } directory)
        {
            Directory.CreateDirectory(directory);
        }

        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        WriteHeader();
    }

    private void Drain(bool all)
    {
        var ring = Volatile.Read(ref _ring);
        if (ring is null)
        {
            return;
        }

        _bytes ??= ArrayPool<byte>.Shared.Rent(16 * 1024);
        var head = Volatile.Read(ref _head);
        if (head == _tail || (!all && head - _tail < (long)_rateHz * channels * FlushMs / 1000))
        {
            return;
        }

        while (_tail < head)
        {
            var at = (int)(_tail & _mask);
            var take = (int)Math.Min(Math.Min(head - _tail, _mask + 1 - at), _bytes.Length / 2);
            var from = ring.AsSpan(at, take);
            if (BitConverter.IsLittleEndian)
            {
                MemoryMarshal.AsBytes(from).CopyTo(_bytes);
            }
            else
            {
                BinaryPrimitives.ReverseEndianness(from, MemoryMarshal.Cast<byte, short>(_bytes.AsSpan(0, take * 2)));
            }

            _file!.Write(_bytes, 0, take * 2);
            _dataLength += take * 2;
            Volatile.Write(ref _tail, _tail + take);
        }

        WriteHeader();
    }

    private void WriteHeader()
    {
        WavHeader.Write(_header, _rateHz, channels, _dataLength);
        _file!.Position = 0;
        _file.Write(_header);
        _file.Position = WavHeader.Length + _dataLength;
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

        // A recorder that died may still be written to by its media loop, whose ring it then keeps.
        if (!_dead && _ring is { } ring)
        {
            ArrayPool<short>.Shared.Return(ring);
        }
    }
}
