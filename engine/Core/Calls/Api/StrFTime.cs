using System.Globalization;
using System.Text;

namespace XSwitchEngine.Core.Calls.Api;

/// <summary>Formats a time by C's <c>strftime</c> letters.</summary>
internal static class StrFTime
{
    /// <summary>Formats.</summary>
    /// <param name="time">In the zone to show.</param>
    /// <param name="format">Letters behind <c>%</c>; unknown ones stay as they are.</param>
    public static string Format(DateTimeOffset time, string format)
    {
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            text.Append(Letter(time, format[++i]));
        }

        return text.ToString();
    }

    private static string Letter(DateTimeOffset t, char letter) => letter switch
    {
        'Y' => With(t, "yyyy"),
        'm' => With(t, "MM"),
        'd' => With(t, "dd"),
        'H' => With(t, "HH"),
        'M' => With(t, "mm"),
        'S' => With(t, "ss"),
        'y' => With(t, "yy"),
        'j' => t.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'e' => t.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'I' => With(t, "hh"),
        'p' => With(t, "tt"),
        'a' => With(t, "ddd"),
        'A' => With(t, "dddd"),
        'b' or 'h' => With(t, "MMM"),
        'B' => With(t, "MMMM"),
        'T' => With(t, "HH:mm:ss"),
        'R' => With(t, "HH:mm"),
        'D' => With(t, "MM/dd/yy"),
        'F' => With(t, "yyyy-MM-dd"),
        'c' => With(t, "ddd MMM d HH:mm:ss yyyy"),
        'u' => (t.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)t.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        'w' => ((int)t.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        's' => t.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
        'z' => (t.Offset < TimeSpan.Zero ? "-" : "+") + t.Offset.ToString("hhmm", CultureInfo.InvariantCulture),
        'n' => "\n",
        't' => "\t",
        '%' => "%",
        _ => "%" + letter,
    };

    private static string With(DateTimeOffset t, string format) => t.ToString(format, CultureInfo.InvariantCulture);
}
