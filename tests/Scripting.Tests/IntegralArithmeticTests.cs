using System.Text;
using XSwitchEngine.Scripting.Tests.Kit;
using XSwitchEngine.Scripting.Text;

namespace XSwitchEngine.Scripting.Tests;

public sealed class IntegralArithmeticTests
{
    [Theory]
    [InlineData("6 / 2 .. ''", "3")]
    [InlineData("7 / 2 .. ''", "3.5")]
    [InlineData("'file' .. 10 / 5 .. '.wav'", "file2.wav")]
    [InlineData("2 ^ 10 .. ''", "1024")]
    [InlineData("-4 / 2 .. ''", "-2")]
    [InlineData("0.5 * 2 .. ''", "1")]
    [InlineData("0.5 + 0.5 .. ''", "1")]
    [InlineData("7.5 % 2.5 .. ''", "0")]
    [InlineData("5.5 // 1 .. ''", "5")]
    [InlineData("3.0 .. ''", "3")]
    [InlineData("1e3 .. ''", "1000")]
    [InlineData("0.25 .. ''", "0.25")]
    [InlineData("(1 + 2) / 3 .. ''", "1")]
    [InlineData("#'abcd' / 2 .. ''", "2")]
    [InlineData("'10' / 2 .. ''", "5")]
    [InlineData("tostring(4 / 2) .. ''", "2")]
    [InlineData("string.format('%s %d %5.1f', 4 / 2, 4 / 2, 4 / 2)", "2 2   2.0")]
    [InlineData("table.concat({ 4 / 2, 0.5 })", "20.5")]
    [InlineData("tonumber('3.0') .. ''", "3")]
    [InlineData("math.sqrt(16) .. math.floor(2.5) .. math.max(1.0, 2.0) .. math.pow(2, 3) .. (math.modf(3.5))", "42283")]
    [InlineData("os.difftime(5, 2) .. ''", "3")]
    [InlineData("(function() return 8 / 4 end)() .. ''", "2")]
    [InlineData("({ 8 / 4 })[1] .. ''", "2")]
    [InlineData("({ [4 / 2] = 'x' })[2] .. ''", "x")]
    [InlineData("('ab'):rep(4 / 2) .. ''", "abab")]
    [InlineData("(4 / 2 == 2 and 1 or 0) .. ''", "1")]
    [InlineData("2 ^ 53 .. ''", "9007199254740992")]
    [InlineData("2 ^ 63 .. ''", "9.2233720368548e+18")]
    [InlineData("setmetatable({}, { __div = function() return '8' end }) / 1 .. ''", "8")]
    [InlineData("(0 / 0 ~= 0 / 0) and 'nan' or ''", "nan")]
    [InlineData("1 / 0 .. ''", "inf")]
    [InlineData("load('return 9 / 3')() .. ''", "3")]
    [InlineData("(3 | 4) + 1 .. ''", "8")]
    [InlineData("- - 4 / 2 .. ''", "2")]
    [InlineData("2 ^ -1 .. ''", "0.5")]
    [InlineData("- 2 ^ 2 .. ''", "-4")]
    [InlineData("2 ^ 3 ^ 2 .. ''", "512")]
    [InlineData("1 + 2 < 4 and not (2 / 1 > 3) and 'yes' or 'no'", "yes")]
    public async Task Integral_results_print_without_a_fraction(string expression, string expected)
    {
        using var bench = new ScriptBench();

        Assert.Equal(expected, await bench.WriteAsync($"stream:write({expression})"));
    }

    [Theory]
    [InlineData("local x=a/b", "local x= _xs_integral(a/b)")]
    [InlineData("return-x/2", "return _xs_integral(-x/2)")]
    [InlineData("x = i + 1", "x = i + 1")]
    [InlineData("x = 1 - i", "x = 1 - i")]
    [InlineData("x = a + b y = c * d", "x =  _xs_integral(a + b) y =  _xs_integral(c * d)")]
    [InlineData("x = a * b -- c / d\ny = 1", "x =  _xs_integral(a * b) -- c / d\ny = 1")]
    [InlineData("x = a / b (f or g)()", "x =  _xs_integral(a / b (f or g)())")]
    [InlineData("x = '/' .. [[ a/b ]] --[==[ c / d ]] ]==]", "x = '/' .. [[ a/b ]] --[==[ c / d ]] ]==]")]
    [InlineData("f(a / b, c)(d).e:g 'x' [1] = 2", "f( _xs_integral(a / b), c)(d).e:g 'x' [1] = 2")]
    [InlineData("if a / 2 > 1 then b = c % 2 elseif d * 2 == 4 then return e ^ 2 end", "if  _xs_integral(a / 2) > 1 then b =  _xs_integral(c % 2) elseif  _xs_integral(d * 2) == 4 then return  _xs_integral(e ^ 2) end")]
    [InlineData("for i = 1, n / 2, s * 2 do x = i end", "for i = 1,  _xs_integral(n / 2),  _xs_integral(s * 2) do x = i end")]
    [InlineData("repeat x = y / 2 until x * 2 < 1 z = 1", "repeat x =  _xs_integral(y / 2) until  _xs_integral(x * 2) < 1 z = 1")]
    [InlineData("while a / 2 do end x = 1", "while  _xs_integral(a / 2) do end x = 1")]
    [InlineData("x = f(function() return a / 2 end) * 2 y = 1", "x =  _xs_integral(f(function() return  _xs_integral(a / 2) end) * 2) y = 1")]
    [InlineData("local x <const> = a / b", "local x <const> =  _xs_integral(a / b)")]
    [InlineData("goto l ::l:: x = a // b & c", "goto l ::l:: x =  _xs_integral(a // b) & c")]
    [InlineData("x = a.b.c / t[i * 2]:m(k)", "x =  _xs_integral(a.b.c / t[ _xs_integral(i * 2)]:m(k))")]
    [InlineData("x = #t - #u", "x =  _xs_integral(#t - #u)")]
    [InlineData("x = a ~ b / c", "x = a ~  _xs_integral(b / c)")]
    [InlineData("x = { a / b; c = d * e, [f % g] = h }", "x = {  _xs_integral(a / b); c =  _xs_integral(d * e), [ _xs_integral(f % g)] = h }")]
    [InlineData("x = not a / b", "x = not  _xs_integral(a / b)")]
    [InlineData("x = 0x1E + 0xep1 - 1e+2", "x =  _xs_integral(0x1E + 0xep1 - 1e+2)")]
    [InlineData("x = \"a\\\"/\" .. b / c", "x = \"a\\\"/\" ..  _xs_integral(b / c)")]
    [InlineData("do local a = b / c end (d)()", "do local a =  _xs_integral(b / c) end (d)()")]
    [InlineData("local function f(a) a = a / 2 return a end", "local function f(a) a =  _xs_integral(a / 2) return a end")]
    [InlineData("_xs_integral = 1 x = a / b", "_xs_integral = 1 x = a / b")]
    [InlineData("return ...", "return ...")]
    [InlineData("return ... / 2", "return  _xs_integral(... / 2)")]
    public void Whole_arithmetic_expressions_are_wrapped_and_nothing_else(string source, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(IntegralArithmetic.Rewrite(Encoding.UTF8.GetBytes(source))));

    [Theory]
    [InlineData("x = 1\ny = nothing / 2", "~inline:2: attempt to perform arithmetic on a nil value (global 'nothing')")]
    [InlineData("local t = {}\nx = t.a.b * 2", "~inline:2: attempt to index a nil value (field 'a')")]
    [InlineData("x = 'a' .. nothing", "~inline:1: attempt to concatenate a nil value (global 'nothing')")]
    [InlineData("x = ('a' / 2)", "~inline:1: attempt to div a 'string' with a 'number'\n")]
    public async Task Errors_in_arithmetic_name_line_and_variable(string code, string expected)
    {
        using var bench = new ScriptBench();

        Assert.StartsWith(expected, (await bench.RunAsync(code)).Error);
    }

    /// <summary>The host's own Lua and the scripts of the product are a body of ordinary Lua; rewritten it must still compile.</summary>
    [Fact]
    public void Real_code_compiles_after_the_pass()
    {
        var root = RepositoryRoot.Find();
        var files = Directory.EnumerateFiles(Path.Combine(root, "engine", "Scripting"), "*.lua", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(root, "scripts"), "*.lua", SearchOption.AllDirectories)).ToArray();
        Assert.True(files.Length >= 9);
        using var checker = new Library.ScriptChecker();
        foreach (var file in files)
        {
            Assert.Null(checker.Check(file, IntegralArithmetic.Rewrite(File.ReadAllBytes(file))));
        }
    }
}
