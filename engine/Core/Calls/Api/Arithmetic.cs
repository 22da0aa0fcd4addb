using System.Globalization;

namespace XSwitchEngine.Core.Calls.Api;

/// <summary>Evaluates <c>1+2*(3-4)/5 % 6</c>: numbers, brackets, <c>+ - * / %</c> and signs.</summary>
internal static class Arithmetic
{
    private const int MaxDepth = 64;

    /// <summary>Evaluates a text.</summary>
    /// <param name="text">At most 1024 characters.</param>
    /// <param name="value">The result.</param>
    /// <returns>False for anything that is no expression, and for a division by zero.</returns>
    public static bool TryEvaluate(string text, out double value)
    {
        value = 0;
        var at = 0;
        return text.Length is > 0 and <= 1024 && Sum(text, ref at, 0, out value) && Skip(text, ref at) == '\0' && double.IsFinite(value);
    }

    private static bool Sum(string text, ref int at, int depth, out double value)
    {
        if (!Product(text, ref at, depth, out value))
        {
            return false;
        }

        while (Skip(text, ref at) is '+' or '-')
        {
            var op = text[at];
            at++;
            if (!Product(text, ref at, depth, out var right))
            {
                return false;
            }

            value = op == '+' ? value + right : value - right;
        }

        return true;
    }

    private static bool Product(string text, ref int at, int depth, out double value)
    {
        if (!Factor(text, ref at, depth, out value))
        {
            return false;
        }

        while (Skip(text, ref at) is '*' or '/' or '%')
        {
            var op = text[at];
            at++;
            if (!Factor(text, ref at, depth, out var right))
            {
                return false;
            }

            value = op switch
            {
                '*' => value * right,
                '/' => value / right,
                _ => value % right,
            };
        }

        return true;
    }

    private static bool Factor(string text, ref int at, int depth, out double value)
    {
        value = 0;
        if (depth > MaxDepth)
        {
            return false;
        }

        var c = Skip(text, ref at);
        if (c is '-' or '+')
        {
            at++;
            var ok = Factor(text, ref at, depth + 1, out value);
            value = c == '-' ? -value : value;
            return ok;
        }

        if (c == '(')
        {
            at++;
            return Sum(text, ref at, depth + 1, out value) && Skip(text, ref at) == ')' && ++at > 0;
        }

        var start = at;
        while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
        {
            at++;
        }

        return at > start && double.TryParse(text.AsSpan(start, at - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value);
    }

    private static char Skip(string text, ref int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return at < text.Length ? text[at] : '\0';
    }
}
