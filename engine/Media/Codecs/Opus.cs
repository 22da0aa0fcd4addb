using System.Runtime.InteropServices;

namespace XSwitchEngine.Media.Codecs;

/// <summary>libopus, loaded when it is first needed. Without it Opus is passed through and everything else works.</summary>
internal static unsafe class Opus
{
    public const string Package = "libopus0";

    private const int VoiceApplication = 2048;
    private const int SetBitrate = 4002, SetComplexity = 4010, SetInbandFec = 4012, SetPacketLoss = 4014;

    private static readonly Lazy<Functions?> Library = new(Functions.Load, LazyThreadSafetyMode.ExecutionAndPublication);

    public static bool IsAvailable => Library.Value is not null;

    /// <summary>Samples that a packet holds at a rate; 0 for what is no Opus packet (RFC 6716 §3.4).</summary>
    public static int SamplesIn(ReadOnlySpan<byte> packet, int rateHz)
    {
        if (packet.IsEmpty)
        {
            return 0;
        }

        var frames = (packet[0] & 3) switch
        {
            0 => 1,
            1 or 2 => 2,
            _ => packet.Length < 2 ? 0 : packet[1] & 0x3F,
        };
        var config = packet[0] >> 3;
        var frameSamples = config switch
        {
            < 12 => (config & 3) == 3 ? rateHz * 60 / 1000 : (rateHz << (config & 3)) / 100, // SILK: 10, 20, 40, 60 ms
            < 16 => (rateHz << (config & 1)) / 100, // hybrid: 10, 20 ms
            _ => (rateHz << (config & 3)) / 400, // CELT: 2.5, 5, 10, 20 ms
        };
        var samples = frames * frameSamples;
        return samples * 25 > rateHz * 3 ? 0 : samples; // 120 ms at most
    }

    /// <summary>An encoder for one stream: mono voice with in-band error correction. The decoder at the other end may use another rate.</summary>
    public sealed class Encoder : AudioEncoder
    {
        private readonly Functions _library = Library.Value ?? throw new InvalidOperationException($"libopus is not there: install {Package}");
        private nint _state;

        public Encoder(int rateHz)
        {
            int error;
            _state = _library.CreateEncoder(rateHz, 1, VoiceApplication, &error);
            if (_state == 0)
            {
                throw new InvalidOperationException($"opus encoder: error {error}");
            }

            _ = _library.ControlEncoder(_state, SetComplexity, 5);
            _ = _library.ControlEncoder(_state, SetBitrate, rateHz >= 48000 ? 32000 : 24000);
            _ = _library.ControlEncoder(_state, SetInbandFec, 1);
            _ = _library.ControlEncoder(_state, SetPacketLoss, 10);
        }

        ~Encoder() => Free();

        public override int Encode(ReadOnlySpan<short> samples, Span<byte> payload)
        {
            fixed (short* from = samples)
            fixed (byte* to = payload)
            {
                var length = _library.Encode(_state, from, samples.Length, to, Math.Min(payload.Length, 1275));
                GC.KeepAlive(this);
                return Math.Max(0, length);
            }
        }

        public override void Release() => Free();

        private void Free()
        {
            if (_state != 0)
            {
                _library.DestroyEncoder(_state);
                _state = 0;
            }
        }
    }

    /// <summary>A decoder for one stream; whatever was sent comes out as mono at its rate.</summary>
    public sealed class Decoder : AudioDecoder
    {
        private readonly Functions _library = Library.Value ?? throw new InvalidOperationException($"libopus is not there: install {Package}");
        private readonly int _rateHz;
        private nint _state;

        public Decoder(int rateHz)
        {
            _rateHz = rateHz;
            int error;
            _state = _library.CreateDecoder(rateHz, 1, &error);
            if (_state == 0)
            {
                throw new InvalidOperationException($"opus decoder: error {error}");
            }
        }

        ~Decoder() => Free();

        public override bool Conceals => true;

        public override int SamplesIn(ReadOnlySpan<byte> payload) => Opus.SamplesIn(payload, _rateHz);

        public override int Decode(ReadOnlySpan<byte> payload, Span<short> samples) => Decode(payload, samples, samples.Length, false);

        /// <summary>Makes up what was lost: from the packet after it when that carries it, else from what came before.</summary>
        public override int Conceal(ReadOnlySpan<byte> following, Span<short> samples)
        {
            var length = following.IsEmpty ? 0 : Decode(following, samples, samples.Length, true);
            return length > 0 ? length : Decode(default, samples, samples.Length, false);
        }

        public override void Release() => Free();

        private int Decode(ReadOnlySpan<byte> payload, Span<short> samples, int length, bool correction)
        {
            fixed (byte* from = payload)
            fixed (short* to = samples)
            {
                var decoded = _library.Decode(_state, from, payload.Length, to, length, correction ? 1 : 0);
                GC.KeepAlive(this);
                return Math.Max(0, decoded); // what cannot be decoded is silence to the caller
            }
        }

        private void Free()
        {
            if (_state != 0)
            {
                _library.DestroyDecoder(_state);
                _state = 0;
            }
        }
    }

    /// <summary>The functions of the library that are used.</summary>
    private sealed class Functions(nint library)
    {
        public readonly delegate* unmanaged<int, int, int, int*, nint> CreateEncoder = (delegate* unmanaged<int, int, int, int*, nint>)NativeLibrary.GetExport(library, "opus_encoder_create");
        public readonly delegate* unmanaged<nint, void> DestroyEncoder = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(library, "opus_encoder_destroy");
        public readonly delegate* unmanaged<nint, short*, int, byte*, int, int> Encode = (delegate* unmanaged<nint, short*, int, byte*, int, int>)NativeLibrary.GetExport(library, "opus_encode");

        // Variadic in C; an integer travels as if it were not on the systems of this engine (x64, Linux arm64).
        public readonly delegate* unmanaged<nint, int, int, int> ControlEncoder = (delegate* unmanaged<nint, int, int, int>)NativeLibrary.GetExport(library, "opus_encoder_ctl");
        public readonly delegate* unmanaged<int, int, int*, nint> CreateDecoder = (delegate* unmanaged<int, int, int*, nint>)NativeLibrary.GetExport(library, "opus_decoder_create");
        public readonly delegate* unmanaged<nint, void> DestroyDecoder = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(library, "opus_decoder_destroy");
        public readonly delegate* unmanaged<nint, byte*, int, short*, int, int, int> Decode = (delegate* unmanaged<nint, byte*, int, short*, int, int, int>)NativeLibrary.GetExport(library, "opus_decode");

        public static Functions? Load()
        {
            foreach (var name in (ReadOnlySpan<string>)["libopus.so.0", "libopus.0.dylib", "opus.dll", "libopus-0.dll"])
            {
                if (NativeLibrary.TryLoad(name, out var library))
                {
                    return new Functions(library);
                }
            }

            return null;
        }
    }
}
