using Microsoft.Extensions.Logging;

namespace XSwitchEngine.Host.Configuration;

/// <summary>Log lines on the standard output.</summary>
internal sealed class LogOptions
{
    /// <summary>Least level that is written.</summary>
    public LogLevel Level { get; set; } = LogLevel.Information;

    /// <summary>Other levels for modules, by the beginning of the category without <c>XSwitchEngine.</c>, such as <c>Core.Plugins</c>.</summary>
    public Dictionary<string, LogLevel> Levels { get; set; } = [];

    /// <summary>Form of a line.</summary>
    public LogFormat Format { get; set; } = LogFormat.Text;
}

/// <summary>Forms of a log line.</summary>
internal enum LogFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}
