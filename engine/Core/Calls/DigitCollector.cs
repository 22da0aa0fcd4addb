using System.Text.RegularExpressions;

namespace XSwitchEngine.Core.Calls;

/// <summary>The algorithms of <c>read</c>, <c>play_and_get_digits</c> and <c>getDigits</c> (Lua API 4.4). Core loop only.</summary>
internal sealed class DigitCollector(CallCore core, LegAudio audio)
{
    /// <summary>One reading.</summary>
    /// <param name="Digits">What was typed, without the terminator.</param>
    /// <param name="Result"><c>success</c>, <c>timeout</c> or <c>failure</c>.</param>
    /// <param name="Terminator">The terminator, or '\0'.</param>
    public readonly record struct Reading(string Digits, string Result, char Terminator);

    /// <summary>Plays a prompt and reads digits; the first digit stops the prompt.</summary>
    /// <param name="control">The operation.</param>
    /// <param name="min">Fewest digits.</param>
    /// <param name="max">Most digits, 1..512.</param>
    /// <param name="prompt">Playback string; empty or <c>silence</c> for none.</param>
    /// <param name="timeout">Wait for the first digit after the prompt.</param>
    /// <param name="digitTimeout">Wait for each further digit.</param>
    /// <param name="terminators">Terminators with their special forms.</param>
    public async Task<Reading> ReadAsync(LegControl control, int min, int max, string prompt, TimeSpan timeout, TimeSpan digitTimeout, string terminators)
    {
        var leg = control.Leg;
        max = Math.Clamp(max, 1, DigitQueue.Limit);
        var ends = Terminators.Parse(terminators);
        leg.Variables.Set("read_result", null);
        leg.Variables.Set("read_terminator_used", null);
        if (!core.PreAnswer(leg))
        {
            return new("", "failure", '\0');
        }

        if (prompt.Length > 0 && !prompt.Equals("silence", StringComparison.OrdinalIgnoreCase))
        {
            var played = await audio.PlayAsync(control, prompt, anyDigit: true);
            if (played.IsOver)
            {
                return new("", "failure", '\0');
            }
        }

        var reading = await CollectAsync(control, max, timeout, digitTimeout, null, ends);
        var result = reading.Terminator != '\0' || (reading.Digits.Length >= max && !ends.Required) ? "success"
            : reading.Digits.Length < min || !control.MayGoOn ? (control.MayGoOn ? "timeout" : "failure") : "timeout";
        if (result == "success" && reading.Digits.Length < min)
        {
            result = "failure";
        }

        leg.Variables.Set("read_result", result);
        if (reading.Terminator != '\0')
        {
            leg.Variables.Set("read_terminator_used", reading.Terminator.ToString());
        }

        return reading with { Result = result };
    }

    /// <summary>Reads digits until there are enough of them, one is a terminator, or a time is over.</summary>
    /// <param name="control">The operation.</param>
    /// <param name="max">Most digits.</param>
    /// <param name="first">Wait for the first digit; null for ever.</param>
    /// <param name="next">Wait for each further one; null for ever.</param>
    /// <param name="total">Longest time in all; null for ever.</param>
    /// <param name="ends">Terminators.</param>
    public static async Task<Reading> CollectAsync(LegControl control, int max, TimeSpan? first, TimeSpan? next, TimeSpan? total, Terminators ends)
    {
        var digits = new System.Text.StringBuilder();
        var end = total is { } t ? control.Now + t : DateTimeOffset.MaxValue;
        var deadline = first is { } f ? control.Now + f : DateTimeOffset.MaxValue;
        while (true)
        {
            while (control.Leg.Digits.TryTake(out var digit, out _))
            {
                if (ends.Contains(digit))
                {
                    if (ends.Includes(digit))
                    {
                        digits.Append(digit);
                    }

                    return new(digits.ToString(), "", digit);
                }

                digits.Append(digit);
                if (digits.Length >= max && !ends.Required)
                {
                    return new(digits.ToString(), "", '\0');
                }

                deadline = next is { } n ? control.Now + n : DateTimeOffset.MaxValue;
            }

            var until = deadline < end ? deadline : end;
            switch (await control.ReceiveAsync(until == DateTimeOffset.MaxValue ? null : control.Left(until)))
            {
                case Signal.Timeout or Signal.Gone or Signal.Redirected or Signal.Break:
                    return new(digits.ToString(), "", '\0');
                default:
                    break;
            }
        }
    }

    /// <summary>Plays a prompt, reads digits, checks them, and tries again.</summary>
    /// <param name="control">The operation.</param>
    /// <param name="request">What to do.</param>
    /// <returns>The digits, or empty on failure; whether it succeeded.</returns>
    public async Task<(string Digits, bool Succeeded)> PlayAndGetAsync(LegControl control, PlayAndGetDigits request)
    {
        var leg = control.Leg;
        var pattern = MakeRegex(request.Regex);
        for (var attempt = 0; attempt < Math.Max(1, request.Tries) && control.MayGoOn; attempt++)
        {
            SetResult(leg, request, null);
            var reading = await ReadAsync(control, request.Min, request.Max, request.Prompt, request.Timeout, request.DigitTimeout, request.Terminators);
            if (!control.MayGoOn)
            {
                return ("", false);
            }

            if (reading.Digits.Length == 0 && request.Min == 0 && reading.Terminator != '\0')
            {
                return ("", true);
            }

            var enough = reading.Digits.Length >= Math.Max(1, request.Min);
            if (enough && Matches(pattern, reading.Digits))
            {
                leg.Variables.Set("read_result", "success");
                SetResult(leg, request, reading.Digits);
                return (reading.Digits, true);
            }

            if (enough && request.Variable.Length > 0)
            {
                leg.Variables.Set(request.Variable + "_invalid", reading.Digits);
            }

            if (request.BadPrompt.Length > 0 && !request.BadPrompt.Equals("silence", StringComparison.OrdinalIgnoreCase))
            {
                await audio.PlayAsync(control, request.BadPrompt, anyDigit: true);
            }
        }

        leg.Variables.Set("read_result", "failure");
        return ("", false);
    }

    private static void SetResult(Leg leg, PlayAndGetDigits request, string? value)
    {
        if (request.Variable.Length > 0)
        {
            leg.Variables.Set(request.Variable, value);
        }
    }

    private static Regex? MakeRegex(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        try
        {
            return new Regex(text, RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(50));
        }
        catch (ArgumentException)
        {
            return new Regex("(?!)");       // a pattern that cannot be read matches nothing
        }
    }

    private static bool Matches(Regex? regex, string digits)
    {
        try
        {
            return regex is null || regex.IsMatch(digits);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }
}

/// <summary>Parameters of <c>play_and_get_digits</c>.</summary>
internal sealed record PlayAndGetDigits(int Min, int Max, int Tries, TimeSpan Timeout, TimeSpan DigitTimeout, string Terminators, string Prompt, string BadPrompt, string Regex, string Variable);

/// <summary>Terminators with their special forms: empty or <c>none</c>, leading <c>=</c> (required), <c>+c</c> and <c>xc</c> (included in the result).</summary>
internal readonly record struct Terminators(string Chars, string Included, bool Required)
{
    public static Terminators Parse(string text)
    {
        if (text.Length == 0 || text.Equals("none", StringComparison.OrdinalIgnoreCase))
        {
            return new("", "", false);
        }

        var required = text[0] == '=';
        var chars = new System.Text.StringBuilder();
        var included = new System.Text.StringBuilder();
        for (var i = required ? 1 : 0; i < text.Length; i++)
        {
            if (text[i] is '+' or 'x' && i + 1 < text.Length)
            {
                included.Append(text[++i]);
            }

            chars.Append(text[i]);
        }

        return new(chars.ToString(), included.ToString(), required);
    }

    public bool Contains(char digit) => Chars.Contains(digit, StringComparison.OrdinalIgnoreCase);

    public bool Includes(char digit) => Included.Contains(digit, StringComparison.OrdinalIgnoreCase);
}
