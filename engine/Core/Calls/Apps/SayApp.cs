using System.Globalization;

namespace XSwitchEngine.Core.Calls.Apps;

/// <summary>Says numbers, digits and letters in English from single prompts (Lua API 14.4).</summary>
internal sealed class SayApp(LegAudio audio)
{
    public void AddTo(ApplicationTable table) => table.Add("say", RunAsync);

    /// <summary>Speaks a text.</summary>
    /// <param name="control">The operation.</param>
    /// <param name="type">Such as <c>number</c>; any case.</param>
    /// <param name="method">Such as <c>pronounced</c>; any case.</param>
    /// <param name="text">What to say.</param>
    public async Task SayAsync(LegControl control, string type, string method, string text)
    {
        var files = Files(type, method, text);
        if (files.Count > 0)
        {
            await audio.PlayAsync(control, "file_string://" + string.Join('!', files.Select(f => f + ".wav")), control.Leg.Variables["playback_terminators"] ?? "*");
        }
    }

    /// <summary>The prompts of a text, in order; names below the sound directory without ending.</summary>
    /// <param name="type">The type.</param>
    /// <param name="method">The method.</param>
    /// <param name="text">The text.</param>
    public static IReadOnlyList<string> Files(string type, string method, string text)
    {
        text = text.Trim();
        var pronounced = method.Equals("pronounced", StringComparison.OrdinalIgnoreCase) || method.Equals("counted", StringComparison.OrdinalIgnoreCase);
        var isNumber = type.ToUpperInvariant() is "NUMBER" or "ITEMS" or "PERSONS" or "MESSAGES" or "TIME_MEASUREMENT";
        return isNumber && pronounced && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && Math.Abs(number) < 1_000_000_000
            ? Number(number)
            : [.. text.Take(256).SelectMany(Letter)];
    }

    private static List<string> Number(long number)
    {
        var files = new List<string>();
        if (number < 0)
        {
            files.Add("currency/negative");
            number = -number;
        }

        if (number == 0)
        {
            return [.. files, "digits/0"];
        }

        Scale(number / 1_000_000, "digits/million");
        Scale(number / 1000 % 1000, "digits/thousand");
        Below1000(number % 1000);
        return files;

        void Scale(long part, string name)
        {
            if (part > 0)
            {
                Below1000(part);
                files.Add(name);
            }
        }

        void Below1000(long part)
        {
            if (part >= 100)
            {
                files.Add($"digits/{part / 100}");
                files.Add("digits/hundred");
                part %= 100;
            }

            if (part > 20)
            {
                files.Add($"digits/{part / 10 * 10}");
                part %= 10;
            }

            if (part > 0)
            {
                files.Add($"digits/{part}");
            }
        }
    }

    private static IEnumerable<string> Letter(char c) => c switch
    {
        >= '0' and <= '9' => [$"digits/{c}"],
        '*' => ["digits/star"],
        '#' => ["digits/pound"],
        '.' => ["digits/dot"],
        _ when char.IsAscii(c) && !char.IsWhiteSpace(c) && !char.IsControl(c) => [$"ascii/{(int)char.ToLowerInvariant(c)}"],
        _ => [],
    };

    private Task RunAsync(LegControl control, string data)
    {
        var words = Arguments.Split(data, 5);
        return words.Count switch
        {
            < 4 => Task.CompletedTask,
            4 => SayAsync(control, words[1], words[2], words[3]),
            _ => SayAsync(control, words[1], words[2], words[4]),
        };
    }
}
