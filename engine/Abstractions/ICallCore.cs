namespace XSwitchEngine.Abstractions;

/// <summary>The calls of the engine as a plugin sees them.</summary>
public interface ICallCore
{
    /// <summary>Makes the id of a leg that the plugin is about to report as <see cref="LegEvent.Incoming"/>.</summary>
    LegId NewLeg();

    /// <summary>Whether new legs are refused because the engine drains or is over its limit; the plugin then answers busy (SIP 503) by itself, statelessly.</summary>
    bool IsRefusingCalls { get; }

    /// <summary>Reports what happened on a leg.</summary>
    /// <param name="e">Events of one leg arrive in the order posted.</param>
    void Post(LegEvent e);

    /// <summary>Sends a text message on its way: <c>chatplan.lua</c> decides, then it is delivered. <see cref="TransportEventKind.MessageResult"/> follows with the same key.</summary>
    /// <param name="key">The plugin's own number.</param>
    /// <param name="message">The message.</param>
    void Submit(long key, TextMessage message);
}
