using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Events;

namespace XSwitchEngine.Core.Plugins;

/// <summary>What plugins may ask of the engine besides calls and users. Thread-safe; no member blocks.</summary>
internal interface IPluginServices
{
    /// <summary>The switch's events.</summary>
    IEventBus Events { get; }

    /// <summary>Sends a text message on its way through the chat plan.</summary>
    /// <param name="message">The message.</param>
    /// <param name="onResult">Called once with status and reason, on any thread.</param>
    void Submit(TextMessage message, Action<int, string> onResult);

    /// <summary>Runs an API command.</summary>
    /// <param name="commandLine">The whole line.</param>
    /// <param name="onReply">Called once with the reply, on any thread.</param>
    void RunApi(string commandLine, Action<string> onReply);
}

/// <summary>For a plugin host that stands alone, without an engine.</summary>
internal sealed class NoPluginServices : IPluginServices
{
    public IEventBus Events { get; } = new EventBus();

    public void Submit(TextMessage message, Action<int, string> onResult) => onResult(503, "there is no engine");

    public void RunApi(string commandLine, Action<string> onReply) => onReply("-ERR there is no engine\n");
}
