namespace XSwitchEngine.Media.Srtp;

/// <summary>What protects packets; the numbers are those of DTLS (RFC 5764 §4.1.2, RFC 7714 §14.2).</summary>
internal enum SrtpProfile : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>AES_CM_128_HMAC_SHA1_80.</summary>
    Sha1Tag80 = 1,

    /// <summary>AES_CM_128_HMAC_SHA1_32: RTP with a short tag, RTCP with the long one. By description only, never offered by us.</summary>
    Sha1Tag32 = 2,

    /// <summary>AEAD_AES_128_GCM.</summary>
    Gcm = 7,
}

/// <summary>Lengths and names of the profiles.</summary>
internal static class SrtpProfiles
{
    public const int KeyLength = 16;

    /// <summary>Length of the master salt.</summary>
    public static int SaltLength(this SrtpProfile profile) => profile == SrtpProfile.Gcm ? 12 : 14;

    /// <summary>The profile of a crypto suite in a description (RFC 4568 §6.2, RFC 7714 §14.1).</summary>
    public static SrtpProfile OfSuite(string suite) => suite switch
    {
        "AES_CM_128_HMAC_SHA1_80" => SrtpProfile.Sha1Tag80,
        "AES_CM_128_HMAC_SHA1_32" => SrtpProfile.Sha1Tag32,
        "AEAD_AES_128_GCM" => SrtpProfile.Gcm,
        _ => SrtpProfile.None,
    };

    /// <summary>The suite's name of a profile.</summary>
    public static string SuiteName(this SrtpProfile profile) => profile switch
    {
        SrtpProfile.Sha1Tag80 => "AES_CM_128_HMAC_SHA1_80",
        SrtpProfile.Sha1Tag32 => "AES_CM_128_HMAC_SHA1_32",
        SrtpProfile.Gcm => "AEAD_AES_128_GCM",
        SrtpProfile.None => "none",
        _ => "none",
    };
}
