using System.Text;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

/// <summary>The host's own pattern functions against Lua's: the same program runs on both, results and errors must be the same.</summary>
public sealed class PatternTests
{
    private const string Program = """
        local function show(...)
          local out = {}
          for i = 1, select('#', ...) do
            local v = (select(i, ...))
            out[i] = type(v) .. ':' .. tostring(v)
          end
          return table.concat(out, ',')
        end
        local function try(...) return show(pcall(...)) end
        local function each(s, p)
          local out, n = {}, 0
          for a, b in string.gmatch(s, p) do
            out[#out + 1], n = show(a, b), n + 1
            if n > 50 then break end
          end
          return table.concat(out, ';')
        end
        local lines = {}
        for _, case in ipairs(cases) do
          local s, p = case[1], case[2]
          lines[#lines + 1] = table.concat({
            try(string.find, s, p), try(string.find, s, p, 2), try(string.find, s, p, -2), try(string.find, s, p, 1, true), try(string.match, s, p), try(string.match, s, p, 3),
            try(each, s, p), try(string.gsub, s, p, '<%0>'), try(string.gsub, s, p, '<%1>'), try(string.gsub, s, p, '%%', 2), try(string.gsub, s, p, '%2'), try(string.gsub, s, p, 'x%'),
            try(string.gsub, s, p, function(a, b) if a == 'a' then return nil elseif a == 'b' then return false end return '(' .. tostring(a) .. tostring(b) .. ')' end),
            try(string.gsub, s, p, { a = 'A', b = false, ab = 12 }), try(string.gsub, s, p, 'z', 0), try(string.gsub, s, p, 'z', -1),
          }, ' | ')
        end
        result = table.concat(lines, '\n')
        """;

    public static TheoryData<string, string> Documented => new()
    {
        { "hello world", "o w" }, { "hello world", "l+" }, { "  trim  ", "^%s*(.-)%s*$" }, { "key = value", "^(%w+)%s*=%s*(%w+)$" },
        { "THE (quick) fox", "%((%a+)%)" }, { "THE (quick) fox", "%b()" }, { "((a)(b", "%b()" }, { "THE (quick) fox", "%f[%a]%a+" }, { "THE (quick) fox", "()%a+()" },
        { "2024-01-02", "(%d+)-(%d+)-(%d+)" }, { "abcabc", "(abc)%1" }, { "\"it's\" 'ok'", "([\"'])(.-)%1" }, { "a.b", "." }, { "a.b", "%." }, { "a+b", "+" }, { "a-b", "a-" },
        { "", "" }, { "", "a*" }, { "abc", "" }, { "abc", "x*" }, { "abc", "$" }, { "a$b", "a$b" }, { "a^b", "a^b" }, { "^ab", "^^" }, { "abc", "[^a]" }, { "a]b", "[]]" }, { "a]b", "[^]]" },
        { "a-z", "[a-]" }, { "a-z", "[-a]" }, { "x%y", "[%%]" }, { "x^y", "[x^]" }, { "aZ09_", "[%w_]+" }, { "aZ09_", "[^%w]" }, { "\t\n\v\f\r ", "%s+" }, { "\u00e9", "%a" }, { "abc", "%" }, { "abc", "[a" },
        { "abc", "[a%" }, { "abc", "[]" }, { "abc", "(a" }, { "abc", "a)" }, { "abc", "%1" }, { "abc", "(a)%2" }, { "abc", "%f" }, { "abc", "%fa" }, { "abc", "%b" }, { "abc", "%ba" }, { "abc", "(()" }, { "abc", "()" },
        { "aaa", "a-" }, { "aaa", "a-$" }, { "aaa", "(a-)$" }, { "aaab", "^a?a?a?a?b" }, { "a\nb", "a.b" }, { "a\0b", "a%zb" }, { "x\0y", "[%z]" }, { "abc", "[a-%%]" }, { "a,b,,c", "([^,]*)" }, { "one two", "(%w+) (%w+)" },
        { "0x1F", "%x+" }, { "!?", "%p+" }, { "a1", "%u" }, { "aB", "%U" }, { "aB", "%L" }, { "aB1 ", "%A%D" }, { "äö", "%g+" }, { "ab12", "%a+%d+$" }, { "f(a,b)", "%((.-)%)" }, { "x", "(x)(x*)" }, { "ab", "(a)(b)%2?" },
        { "a%b", "%%" }, { "ab", "[b-a]" }, { "ab", "[%a-z]" }, { "a-b", "[%a-]+" }, { "..", "%.%." }, { "10", "1(0?)" }, { "", "^$" }, { "x", "^$" }, { "aXb", "%u%l" }, { "]]", "[%]]+" }, { "a\\b", "\\" },
    };

    [Theory]
    [MemberData(nameof(Documented))]
    public async Task Documented_cases_give_what_Lua_gives(string text, string pattern)
    {
        using var bench = new ScriptBench();
        var cases = $"cases = {{ {{ {Quote(text)}, {Quote(pattern)} }} }}\n";

        Assert.Equal(Oracle(cases), await bench.WriteAsync(cases + Program + "\nstream:write(result)"));
    }

    [Fact]
    public async Task Random_patterns_on_random_texts_give_what_Lua_gives()
    {
        using var bench = new ScriptBench();
        var random = new Random(54);
        string[] pieces = ["a", "b", "ab", ".", "%a", "%d", "[ab]", "[^a]", "[%w]", "(", ")", "()", "*", "+", "-", "?", "^", "$", "%1", "%2", "%b()", "%f[%w]", "%", "[", "1", " ", "%s", "c"];
        string[] letters = ["a", "b", "ab", "c", "1", " ", "(", ")", "é", "."];
        var cases = "cases = {" + string.Join(",\n", Enumerable.Range(0, 3000).Select(_ => $"{{ {Quote(Some(letters, 12))}, {Quote(Some(pieces, 7))} }}")) + "}\n";

        var expected = Oracle(cases).Split('\n');
        var actual = (await bench.WriteAsync(cases + Program + "\nstream:write(result)")).Split('\n');

        Assert.Equal(expected.Length, actual.Length);
        var lines = cases.Split('\n');
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(expected[i] == actual[i], $"{lines[i]}\n{expected[i]}\n{actual[i]}");
        }

        string Some(string[] from, int most) => string.Concat(random.GetItems(from, random.Next(most + 1)));
    }

    private static string Oracle(string cases)
    {
        using var lua = new NLua.Lua();
        lua.State.Encoding = Encoding.UTF8;
        lua.DoString(cases + Program, "=~inline");
        return (string)lua["result"];
    }

    private static string Quote(string text) => "'" + string.Concat(Encoding.UTF8.GetBytes(text).Select(b => $"\\{b:000}")) + "'";
}
