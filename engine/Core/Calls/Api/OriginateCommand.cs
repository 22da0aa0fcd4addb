using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Calls.Api;

/// <summary>The command <c>originate</c>: rings a dial string, then gives the leg an application or an extension (Lua API 15.1).</summary>
internal sealed class OriginateCommand(CallCore core, Originator originator, Expander expander)
{
    private const string Usage = "-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>] [<cid_num>] [<timeout_sec>]\n";

    public void AddTo(ApiTable table) => table.Add("originate", RunAsync);

    private async Task<string> RunAsync(string arguments, Leg? leg)
    {
        var words = SplitOriginate(arguments);
        if (words.Count < 2)
        {
            return Usage;
        }

        var text = await expander.ExpandAsync(leg, words[0]);
        if (!DialString.TryParse(text, out var dial, out var error))
        {
            Log.LegWarning(core.Services.Log, "-", error);
            return "-ERR INVALID_URL\n";
        }

        var outcome = await originator.OriginateAsync(new Originator.Request(dial, null)
        {
            CallerName = Optional(words, 4),
            CallerNumber = Optional(words, 5),
            TimeoutSeconds = int.TryParse(Optional(words, 6), out var seconds) && seconds > 0 ? seconds : null,
            EarlyMediaSucceeds = true,
        });
        if (outcome.Leg is not { } made)
        {
            return $"-ERR {outcome.Cause.Name()}\n";
        }

        core.Redirect(made, Next(words[1], Optional(words, 2), Optional(words, 3)));
        return $"+OK {made.Uuid}\n";
    }

    private static NextStep Next(string target, string dialplan, string context)
    {
        if (!target.StartsWith('&'))
        {
            return new NextStep.Transfer(target, dialplan, context);
        }

        var paren = target.IndexOf('(', StringComparison.Ordinal);
        if (paren < 0)
        {
            return new NextStep.Applications([(target[1..], "")]);
        }

        // One parenthesis closes the list; those before it belong to the data, such as a tone's.
        var data = target[(paren + 1)..].TrimEnd();
        data = data.EndsWith(')') ? data[..^1] : data;
        var name = target[1..paren];
        return new NextStep.Applications([(name, data)]);
    }

    private static string Optional(List<string> words, int index) => words.ElementAtOrDefault(index) is { } word && word != "undef" ? word : "";

    /// <summary>Like the ordinary split, but brackets and parentheses keep their spaces: <c>{a='b c'}user/1 &amp;playback(x y)</c>.</summary>
    private static List<string> SplitOriginate(string text)
    {
        var words = new List<string>();
        var word = new System.Text.StringBuilder();
        var depth = 0;
        var quoted = false;
        foreach (var c in text)
        {
            if (c == '\'')
            {
                quoted = !quoted;
                if (depth == 0)
                {
                    continue;
                }
            }

            depth += quoted ? 0 : c is '{' or '[' or '(' ? 1 : c is '}' or ']' or ')' && depth > 0 ? -1 : 0;
            if (char.IsWhiteSpace(c) && depth == 0 && !quoted)
            {
                if (word.Length > 0)
                {
                    words.Add(word.ToString());
                    word.Clear();
                }
            }
            else
            {
                word.Append(c);
            }
        }

        if (word.Length > 0)
        {
            words.Add(word.ToString());
        }

        return words;
    }
}
