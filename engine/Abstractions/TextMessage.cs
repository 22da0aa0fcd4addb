namespace XSwitchEngine.Abstractions;

/// <summary>A text message between users, outside any call.</summary>
/// <param name="From">Who wrote it, <c>user@domain</c>; what was authenticated, not what the peer says.</param>
/// <param name="To">To whom, <c>user@domain</c>.</param>
/// <param name="ContentType">Media type of the text, such as <c>text/plain</c>.</param>
/// <param name="Text">The text.</param>
public sealed record TextMessage(string From, string To, string ContentType, string Text)
{
    /// <summary>Display name of the writer; may be empty.</summary>
    public string FromName { get; init; } = "";

    /// <summary>How it came: <c>verto</c>, <c>sip</c>, <c>whip</c>, <c>api</c>.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>Further headers that scripts can read.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}
