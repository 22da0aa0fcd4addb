using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace XSwitchEngine.Core.Directory;

/// <summary>Bearer tokens by the SHA-256 of their text: neither memory nor file holds what could be used. Thread-safe.</summary>
/// <remarks>A token has 256 random bits, so its hash needs no salt; the lookup goes by the hash, whose timing tells nothing of the token.</remarks>
internal sealed class TokenTable(TimeProvider time)
{
    private const int MaxTokens = 100_000;
    private const int MaxText = 512;
    private readonly ConcurrentDictionary<string, TokenRow> _byHash = new(StringComparer.Ordinal);

    /// <summary>All that are valid.</summary>
    public IReadOnlyList<TokenRow> All => [.. _byHash.Values.Where(r => r.Expires > time.GetUtcNow())];

    /// <summary>Takes over rows that were kept.</summary>
    public void Restore(IEnumerable<TokenRow> rows)
    {
        foreach (var row in rows.Where(r => r.Expires > time.GetUtcNow()))
        {
            _byHash[row.Hash] = row;
        }
    }

    /// <summary>Makes a token.</summary>
    /// <returns>Its text, shown once, and its row; null when there are too many.</returns>
    public (string Text, TokenRow Row)? Issue(TokenRequest request)
    {
        if (_byHash.Count >= MaxTokens)
        {
            Sweep();
            if (_byHash.Count >= MaxTokens)
            {
                return null;
            }
        }

        var text = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var row = new TokenRow(Hash(text), request.Number, request.Kind, request.Permissions, time.GetUtcNow() + request.Lifetime, request.Destinations, request.Sliding ? request.Lifetime : TimeSpan.Zero);
        _byHash[row.Hash] = row;
        return (text, row);
    }

    /// <summary>Finds a token that has not expired.</summary>
    public TokenRow? Find(string text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > MaxText)
        {
            return null;
        }

        var hash = Hash(text);
        if (!_byHash.TryGetValue(hash, out var row) || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(row.Hash), Encoding.ASCII.GetBytes(hash)))
        {
            return null;
        }

        if (row.Expires > time.GetUtcNow())
        {
            return row;
        }

        _byHash.TryRemove(hash, out _);
        return null;
    }

    /// <summary>Ends a token.</summary>
    /// <returns>Its hash; null when it was not there.</returns>
    public string? Revoke(string text) => Find(text) is { } row && _byHash.TryRemove(row.Hash, out _) ? row.Hash : null;

    /// <summary>Moves the end of a sliding token on.</summary>
    /// <returns>The row as it is now.</returns>
    public TokenRow Slide(TokenRow row)
    {
        var end = time.GetUtcNow() + row.Slide;

        // Not at every request: a tenth of the time may pass before it is worth writing.
        if (row.Slide <= TimeSpan.Zero || end - row.Expires < row.Slide / 10)
        {
            return row;
        }

        var moved = row with { Expires = end };
        return _byHash.TryUpdate(row.Hash, moved, row) ? moved : row;
    }

    /// <summary>Drops those that have expired.</summary>
    public void Sweep()
    {
        var now = time.GetUtcNow();
        foreach (var (hash, row) in _byHash)
        {
            if (row.Expires <= now)
            {
                _byHash.TryRemove(hash, out _);
            }
        }
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}

/// <summary>A token as it is kept.</summary>
/// <param name="Hash">SHA-256 of its text, lower-case hex.</param>
/// <param name="Number">The user whose it is.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Permissions">What it allows; what the user may not do it does not allow either.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="Destinations">Numbers that it may call; empty for any.</param>
/// <param name="Slide">How far each use moves its end on; zero for a fixed end.</param>
internal sealed record TokenRow(string Hash, string Number, TokenKind Kind, IReadOnlyList<string> Permissions, DateTimeOffset Expires, IReadOnlyList<string> Destinations, TimeSpan Slide);

/// <summary>A token to be made.</summary>
/// <param name="Number">The user whose it is.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Permissions">What it allows, of the user's permissions.</param>
/// <param name="Lifetime">How long it lives.</param>
/// <param name="Destinations">Numbers that it may call; empty for any.</param>
/// <param name="Sliding">Whether each use begins the lifetime anew.</param>
public sealed record TokenRequest(string Number, TokenKind Kind, IReadOnlyList<string> Permissions, TimeSpan Lifetime, IReadOnlyList<string> Destinations, bool Sliding);

/// <summary>What a token is for.</summary>
public enum TokenKind
{
    /// <summary>A log-in of a person.</summary>
    Session,

    /// <summary>Given by a backend to a browser, for one extension.</summary>
    Extension,

    /// <summary>A backend's own: it asks for extension tokens with it.</summary>
    Developer,
}
