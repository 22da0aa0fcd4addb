using System.Security.Cryptography;

namespace XSwitchEngine.Core.Directory;

/// <summary>Makes passwords that people can read from a screen and type into a phone.</summary>
public static class PasswordGenerator
{
    /// <summary>Characters of a password.</summary>
    public const int Length = 16;

    /// <summary>Letters and digits without those that look alike (0 O o, 1 l I, 5 S, 2 Z).</summary>
    public const string Alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRTUVWXY346789";

    /// <summary>A new password of <see cref="Length"/> characters, about 91 bits from the system's random source.</summary>
    public static string Next() => RandomNumberGenerator.GetString(Alphabet, Length);
}
