using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Listeners;

/// <summary>The opening handshake of a WebSocket (RFC 6455 §4.2) on a port of its own: reads the request, says what to reply.</summary>
/// <remarks>Strict where leniency has been used for request smuggling: CRLF line ends, no folding, no white space before a colon, no body.</remarks>
internal static class WebSocketUpgrade
{
    /// <summary>Most bytes of a request.</summary>
    public const int MaxBytes = 8192;

    private const int MaxHeaders = 64;
    private const int KeyBytes = 16;

    // RFC 6455 §1.3
    private static ReadOnlySpan<byte> Guid => "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;

    /// <summary>Where the request ends in what has been read; -1 when it is not all there.</summary>
    public static int EndOf(ReadOnlySpan<byte> data)
    {
        var end = data.IndexOf("\r\n\r\n"u8);
        return end < 0 ? -1 : end + 4;
    }

    /// <summary>Judges a request.</summary>
    /// <param name="data">Up to and with its empty line.</param>
    /// <param name="subprotocol">The one that must be offered; empty for none.</param>
    /// <param name="isTls">Whether it came in TLS.</param>
    /// <param name="request">The request; null when it is refused.</param>
    /// <returns>The reply: 101 when it is accepted.</returns>
    public static byte[] Answer(ReadOnlySpan<byte> data, string subprotocol, bool isTls, out HttpRequest? request)
    {
        request = null;
        if (!TryRead(data, isTls, out var read))
        {
            return Refusal("400 Bad Request", "this is no HTTP request", "");
        }

        if (read.Method != "GET")
        {
            return Refusal("405 Method Not Allowed", "only GET", "Allow: GET\r\n");
        }

        if (read.Header("Content-Length") is not (null or "0") || read.Header("Transfer-Encoding") is not null)
        {
            return Refusal("400 Bad Request", "a WebSocket is opened without a body", "");
        }

        if (!HasToken(read.Header("Upgrade"), "websocket") || !HasToken(read.Header("Connection"), "upgrade"))
        {
            return Refusal("426 Upgrade Required", "this port speaks WebSocket", "Upgrade: websocket\r\nConnection: Upgrade\r\n");
        }

        if (read.Header("Sec-WebSocket-Version") != "13")
        {
            return Refusal("426 Upgrade Required", "WebSocket version 13 is spoken here", "Sec-WebSocket-Version: 13\r\n");
        }

        if (string.IsNullOrEmpty(read.Host) || read.Header("Sec-WebSocket-Key") is not { } key || !IsKey(key))
        {
            return Refusal("400 Bad Request", "Host or Sec-WebSocket-Key is missing or wrong", "");
        }

        if (subprotocol.Length > 0 && !HasToken(read.Header("Sec-WebSocket-Protocol"), subprotocol))
        {
            return Refusal("400 Bad Request", $"offer the subprotocol {subprotocol}", "");
        }

        request = read;
        var protocol = subprotocol.Length > 0 ? $"Sec-WebSocket-Protocol: {subprotocol}\r\n" : "";
        return Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {Accept(key)}\r\n{protocol}\r\n");
    }

    /// <summary>A refusal that ends the connection.</summary>
    public static byte[] Refusal(string status, string text, string headers) => Encoding.ASCII.GetBytes(
        $"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {text.Length + 1}\r\n{headers}{(headers.Contains("Connection:", StringComparison.Ordinal) ? "" : "Connection: close\r\n")}\r\n{text}\n");

    /// <summary>Whether a list of tokens has one, compared without case.</summary>
    internal static bool HasToken(string? list, string token) =>
        list is not null && list.Split(',', StringSplitOptions.TrimEntries).Contains(token, StringComparer.OrdinalIgnoreCase);

    /// <summary>The proof that the key was understood.</summary>
    public static string Accept(string key)
    {
        Span<byte> text = stackalloc byte[64];
        var length = Encoding.ASCII.GetBytes(key, text);
        Guid.CopyTo(text[length..]);
#pragma warning disable CA5350 // RFC 6455 §4.2.2 asks for SHA-1; it proves that the peer speaks WebSocket and nothing else
        return Convert.ToBase64String(SHA1.HashData(text[..(length + Guid.Length)]));
#pragma warning restore CA5350
    }

    private static bool IsKey(string key)
    {
        Span<byte> bytes = stackalloc byte[32];
        return key.Length == 24 && Base64.DecodeFromUtf8(Encoding.ASCII.GetBytes(key), bytes, out _, out var length) == OperationStatus.Done && length == KeyBytes;
    }

    private static bool TryRead(ReadOnlySpan<byte> data, bool isTls, out HttpRequest request)
    {
        request = null!;
        if (data.ContainsAnyExceptInRange((byte)9, (byte)126) || !data.EndsWith("\r\n\r\n"u8))
        {
            return false;
        }

        var lines = Encoding.ASCII.GetString(data[..^4]).Split("\r\n");
        if (Array.Exists(lines, static l => l.Any(static c => c < ' ' && c != '\t')))
        {
            return false;
        }

        var first = lines[0].Split(' ');
        if (lines.Length > MaxHeaders + 1 || first.Length != 3 || first[2] != "HTTP/1.1" || first[1].Length == 0 || first[1][0] != '/' || first[1].Contains('#', StringComparison.Ordinal))
        {
            return false;
        }

        var headers = new List<KeyValuePair<string, string>>(lines.Length - 1);
        foreach (var line in lines.AsSpan(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1 || !IsToken(line.AsSpan(0, colon)))
            {
                return false;
            }

            headers.Add(new(line[..colon], line[(colon + 1)..].Trim(' ', '\t')));
        }

        var question = first[1].IndexOf('?', StringComparison.Ordinal);
        request = new HttpRequest(first[0], question < 0 ? first[1] : first[1][..question], question < 0 ? "" : first[1][(question + 1)..], headers, default) { Scheme = isTls ? "https" : "http" };
        request = request with { Host = request.Header("Host") ?? "" };
        return !request.Host.Contains(',', StringComparison.Ordinal);
    }

    // RFC 9110 §5.6.2
    private static bool IsToken(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && !"!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }
}
