namespace XSwitchEngine.Core.Calls.Api;

/// <summary>An API command.</summary>
/// <param name="arguments">Text behind the command, trimmed.</param>
/// <param name="leg">The leg on whose behalf it runs, or null.</param>
internal delegate Task<string> ApiCommand(string arguments, Leg? leg);

/// <summary>API commands by name: one vocabulary for the command line, scripts, <c>${command(arguments)}</c> and later the event socket. Core loop only.</summary>
internal sealed class ApiTable(CallCore core)
{
    public const string NoChannel = "-ERR No such channel!\n";
    private readonly Dictionary<string, ApiCommand> _commands = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Names of all commands.</summary>
    public IReadOnlyCollection<string> Names => _commands.Keys;

    /// <summary>Adds a command.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="command">What it does.</param>
    public void Add(string name, ApiCommand command) => _commands.Add(name, command);

    /// <summary>Adds a command that answers at once.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="command">What it answers.</param>
    public void Add(string name, Func<string, string> command) => _commands.Add(name, (arguments, _) => Task.FromResult(command(arguments)));

    /// <summary>Adds a command whose first argument is the UUID of a live leg.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="slots">Arguments in all; the last takes the rest of the line.</param>
    /// <param name="least">Fewest arguments.</param>
    /// <param name="usage">Its syntax.</param>
    /// <param name="command">What it answers for the leg and all arguments.</param>
    /// <param name="missing">The answer when there is no such leg.</param>
    public void AddForLeg(string name, int slots, int least, string usage, Func<Leg, List<string>, string> command, string missing = NoChannel) =>
        Add(name, arguments =>
        {
            var words = Arguments.Split(arguments, slots);
            return words.Count < least ? $"-USAGE: {usage}\n" : core.Table.FindLive(words[0]) is { } leg ? command(leg, words) : missing;
        });

    /// <summary>Runs a command.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="arguments">The text behind it.</param>
    /// <param name="leg">The leg on whose behalf, or null.</param>
    public async Task<string> ExecuteAsync(string name, string arguments, Leg? leg)
    {
        name = name.Trim();
        arguments = arguments.Trim();
        if (name.Length == 0)
        {
            return "-ERR No application specified";
        }

        if (_commands.TryGetValue(name, out var command))
        {
            return await command(arguments, leg);
        }

        var reply = new TaskCompletionSource<string>();
        return core.Services.Plugins.TryApi(name, arguments.Length == 0 ? name : name + " " + arguments, text => core.Services.Loop.Post(static s => Answer(s), (reply, text)))
            ? await reply.Task
            : "INVALID COMMAND!\n";
    }

    private static void Answer(object? state)
    {
        var (reply, text) = ((TaskCompletionSource<string>, string))state!;
        reply.TrySetResult(text);
    }
}
