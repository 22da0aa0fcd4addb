using Microsoft.Extensions.Logging;
using XSwitchEngine.Host.Configuration;

namespace XSwitchEngine.Host.Logging;

/// <summary>Loggers of all modules; levels and form can change while the engine runs.</summary>
internal sealed class LineLoggerProvider : ILoggerProvider, ISupportExternalScope
{
    private readonly LogWriter _writer;
    private readonly TimeProvider _time;
    private readonly bool _colour;
    private IExternalScopeProvider? _scopes;
    private volatile LogOptions _options;

    /// <summary>Makes the provider.</summary>
    /// <param name="writer">Receives lines.</param>
    /// <param name="options">Levels and form.</param>
    /// <param name="time">The clock of lines.</param>
    /// <param name="colour">Whether levels are coloured.</param>
    public LineLoggerProvider(LogWriter writer, LogOptions options, TimeProvider time, bool colour)
    {
        _writer = writer;
        _options = options;
        _time = time;
        _colour = colour;
    }

    /// <summary>Takes new levels and a new form.</summary>
    /// <param name="options">Validated.</param>
    public void Configure(LogOptions options) => _options = options;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new LineLogger(this, Short(categoryName));

    /// <inheritdoc/>
    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    /// <inheritdoc/>
    public void Dispose()
    {
        // The writer is its owner's: it also carries the lines of the start and the end.
    }

    private static string Short(string category) =>
        category.StartsWith("XSwitchEngine.", StringComparison.Ordinal) ? category["XSwitchEngine.".Length..] : category;

    private sealed class LineLogger(LineLoggerProvider provider, string category) : ILogger
    {
        private LogOptions? _known;
        private LogLevel _level;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => provider._scopes?.Push(state);

        public bool IsEnabled(LogLevel logLevel)
        {
            var options = provider._options;
            if (!ReferenceEquals(options, _known))
            {
                _level = LevelFor(options);
                _known = options;
            }

            return logLevel >= _level && logLevel != LogLevel.None;
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var call = LogLine.CallOf(state);
            if (call.Length == 0 && provider._scopes is { } scopes)
            {
                var found = new List<string>();
                scopes.ForEachScope(static (scope, all) => all.Add(LogLine.CallOf(scope)), found);
                call = found.FindLast(c => c.Length > 0) ?? "";
            }

            var line = new LogLine(provider._time.GetUtcNow(), logLevel, category, eventId.Id, call, formatter(state, exception), exception);
            provider._writer.Write(provider._options.Format == LogFormat.Json ? line.ToJson() : line.ToText(provider._colour));
        }

        // The longest matching name wins; frameworks tell only what went wrong unless asked.
        private LogLevel LevelFor(LogOptions options)
        {
            var best = options.Levels.Where(l => category.StartsWith(l.Key, StringComparison.OrdinalIgnoreCase)).OrderByDescending(l => l.Key.Length).ToArray();
            if (best.Length > 0)
            {
                return best[0].Value;
            }

            // What the web host says about its end goes to whoever started it.
            if (category.StartsWith("Microsoft.Extensions.Hosting.", StringComparison.Ordinal))
            {
                return LogLevel.None;
            }

            return category.StartsWith("Microsoft.", StringComparison.Ordinal) && options.Level < LogLevel.Warning ? LogLevel.Warning : options.Level;
        }
    }
}
