using System.Security.Cryptography;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Calls;

/// <summary>How one leg's media travel, and the secrets of our side. Core loop only.</summary>
internal sealed class LegTransport
{
    private const string IceAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    /// <summary>Makes the secrets that a profile needs.</summary>
    /// <param name="profile">The profile.</param>
    /// <param name="controlsIce">Whether it makes ICE checks of its own.</param>
    public LegTransport(TransportProfile profile, bool controlsIce = false)
    {
        Profile = profile;
        ControlsIce = controlsIce && profile == TransportProfile.WebRtc;
        if (profile == TransportProfile.WebRtc)
        {
            Ice = NewIce();
            NextIce = NewIce();
        }
        else if (profile == TransportProfile.Sdes)
        {
            Keys = [NewKey(1, "AEAD_AES_128_GCM", 28), NewKey(2, "AES_CM_128_HMAC_SHA1_80", 30)];
        }
    }

    /// <summary>The profile.</summary>
    public TransportProfile Profile { get; }

    /// <summary>Whether it makes ICE checks of its own, and so has a port of its own: its peer is a server and may be ICE-lite, as we are otherwise.</summary>
    public bool ControlsIce { get; }

    /// <summary>Our ICE credentials in force, or null.</summary>
    public IceCredentials? Ice { get; private set; }

    /// <summary>Those of the next restart.</summary>
    public IceCredentials? NextIce { get; private set; }

    /// <summary>Our SDES keys.</summary>
    public IReadOnlyList<SdesKey> Keys { get; } = [];

    /// <summary>What was last given to the media plane, or null.</summary>
    public TransportParameters? InForce { get; set; }

    /// <summary>Whether it came up and was not lost.</summary>
    public bool IsUp { get; set; }

    /// <summary>Whether it ever came up.</summary>
    public bool WasUp { get; set; }

    /// <summary>One more at each loss, so that an old wait for its return ends nothing.</summary>
    public int Losses { get; set; }

    /// <summary>The next credentials are in force from here on.</summary>
    public void Restart()
    {
        Ice = NextIce;
        NextIce = NewIce();
    }

    private static IceCredentials NewIce() => new(RandomNumberGenerator.GetString(IceAlphabet, 12), RandomNumberGenerator.GetString(IceAlphabet, 24));

    private static SdesKey NewKey(int tag, string suite, int bytes) => new(tag, suite, RandomNumberGenerator.GetBytes(bytes));
}
