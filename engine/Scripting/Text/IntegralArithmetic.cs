using System.Buffers;
using System.Buffers.Text;

namespace XSwitchEngine.Scripting.Text;

/// <summary>Rewrites a chunk so that arithmetic gives an integer whenever the result is integral: <c>6 / 2 .. ""</c> is <c>"3"</c>.</summary>
/// <remarks>
/// FreeSWITCH scripts are written for a Lua without an integer type, whose numbers print without fraction when they have none; they build file names
/// and SQL that way. Lua 5.4 prints the result of <c>/</c> as <c>3.0</c>, and neither <c>..</c> nor arithmetic on numbers has a hook. So each arithmetic
/// expression becomes the argument of a function that turns an integral float into an integer. Line numbers and the names in error messages stay.
/// The source is known to compile: brackets, blocks and expressions are followed by tokens alone. Sums with integer literals (<c>i + 1</c>) are left as they are,
/// since they are integral only when the variable was.
/// </remarks>
internal ref struct IntegralArithmetic
{
    private readonly ReadOnlySpan<byte> _source;
    private readonly Stack<Context> _stack;
    private readonly List<(int Position, bool IsOpening)> _insertions;
    private Context _context;
    private int _lastEnd;
    private bool _afterDot;

    private IntegralArithmetic(ReadOnlySpan<byte> source)
    {
        _source = source;
        _stack = new Stack<Context>();
        _insertions = [];
        _context = new Context();
    }

    /// <summary>Name of the function that the rewritten source calls; a source that has this name itself is left as it is.</summary>
    public static ReadOnlySpan<byte> FunctionName => "_xs_integral"u8;

    /// <summary>Rewrites a chunk that compiles.</summary>
    public static byte[] Rewrite(ReadOnlySpan<byte> source)
    {
        if (source.IndexOf(FunctionName) >= 0)
        {
            return source.ToArray();
        }

        var pass = new IntegralArithmetic(source);
        var lexer = new LuaLexer(source);
        LuaToken token;
        while ((token = lexer.Next()).Kind != LuaTokenKind.End)
        {
            pass.Take(token);
            pass._lastEnd = token.End;
        }

        pass.Finish();
        return pass.Apply();
    }

    private readonly byte[] Apply()
    {
        _insertions.Sort(static (a, b) => a.Position != b.Position ? a.Position.CompareTo(b.Position) : a.IsOpening.CompareTo(b.IsOpening));
        var output = new ArrayBufferWriter<byte>(_source.Length + (16 * _insertions.Count) + 16);
        var from = 0;
        foreach (var (position, isOpening) in _insertions)
        {
            output.Write(_source[from..position]);
            from = position;
            if (isOpening)
            {
                output.Write(" "u8);   // "return-x / 2"
                output.Write(FunctionName);
            }

            output.Write(isOpening ? "("u8 : ")"u8);
        }

        output.Write(_source[from..]);
        return output.WrittenSpan.ToArray();
    }

    private void Take(LuaToken token)
    {
        var text = _source[token.Start..token.End];
        switch (token.Kind)
        {
            case LuaTokenKind.Number:
                var isFloat = text is not [(byte)'0', (byte)'x' or (byte)'X', ..] && text.IndexOfAny(".eE"u8) >= 0;
                Operand(token, isInteger: !isFloat);
                _context.IsProduct |= isFloat && Utf8Parser.TryParse(text, out double value, out _) && Math.Truncate(value) == value;
                break;
            case LuaTokenKind.Text:
                if (_context.Expects)
                {
                    Operand(token, isInteger: false);
                }

                break;
            case LuaTokenKind.Word:
                Word(token, text);
                break;
            case LuaTokenKind.Symbol:
                Symbol(token, text);
                break;
            case LuaTokenKind.End:
            default:
                break;
        }
    }

    private void Operand(LuaToken token, bool isInteger)
    {
        if (!_context.Expects)
        {
            // Two operands in a row: a new statement has begun.
            Delimit();
        }

        Begin(token);
        _context.Expects = false;
        _context.Variables += isInteger ? 0 : 1;
    }

    private void Begin(LuaToken token)
    {
        if (_context.Start < 0)
        {
            _context.Start = token.Start;
        }
    }

    private void Word(LuaToken token, ReadOnlySpan<byte> text)
    {
        if (_afterDot)
        {
            _afterDot = false;
            return;
        }

        if (text.SequenceEqual("function"u8))
        {
            if (_context.Expects)
            {
                Begin(token);
            }
            else
            {
                Delimit();
            }

            Push();
        }
        else if (text.SequenceEqual("if"u8) || text.SequenceEqual("do"u8) || text.SequenceEqual("repeat"u8))
        {
            Delimit();
            Push();
        }
        else if (text.SequenceEqual("end"u8))
        {
            Pop();
        }
        else if (text.SequenceEqual("until"u8))
        {
            Pop();
            Delimit();
        }
        else if (IsDelimiter(text))
        {
            Delimit();
        }
        else
        {
            Operand(token, isInteger: false);
        }
    }

    private static bool IsDelimiter(ReadOnlySpan<byte> word) =>
        word.SequenceEqual("and"u8) || word.SequenceEqual("or"u8) || word.SequenceEqual("not"u8) || word.SequenceEqual("then"u8) || word.SequenceEqual("else"u8)
        || word.SequenceEqual("elseif"u8) || word.SequenceEqual("while"u8) || word.SequenceEqual("for"u8) || word.SequenceEqual("in"u8) || word.SequenceEqual("local"u8)
        || word.SequenceEqual("return"u8) || word.SequenceEqual("break"u8) || word.SequenceEqual("goto"u8);

    private void Symbol(LuaToken token, ReadOnlySpan<byte> text)
    {
        switch (text)
        {
            case [(byte)'(' or (byte)'[' or (byte)'{']:
                if (_context.Expects)
                {
                    Begin(token);
                    _context.Variables++;
                }

                Push();
                break;
            case [(byte)')' or (byte)']' or (byte)'}']:
                Pop();
                break;
            case [(byte)'.' or (byte)':']:
                _afterDot = true;
                break;
            case [(byte)'.', (byte)'.', (byte)'.']:
                Operand(token, isInteger: false);
                break;
            case [(byte)'-' or (byte)'#' or (byte)'~'] when _context.Expects:
                Begin(token);
                break;
            case [(byte)'+' or (byte)'-']:
                _context.Expects = true;
                _context.IsSum = true;
                break;
            case [(byte)'*' or (byte)'/' or (byte)'%' or (byte)'^'] or [(byte)'/', (byte)'/']:
                _context.Expects = true;
                _context.IsProduct = true;
                break;
            default:
                Delimit();
                break;
        }
    }

    /// <summary>The arithmetic expression under way, if any, has ended before the current token.</summary>
    private void Delimit()
    {
        if (_context.Start >= 0 && (_context.IsProduct || (_context.IsSum && _context.Variables > 1)))
        {
            _insertions.Add((_context.Start, true));
            _insertions.Add((_lastEnd, false));
        }

        _context = new Context();
    }

    private void Push()
    {
        _stack.Push(_context);
        _context = new Context();
    }

    private void Pop()
    {
        Delimit();
        if (_stack.TryPop(out var outer))
        {
            _context = outer;
        }

        _context.Expects = false;
    }

    private void Finish() => Delimit();

    /// <summary>An arithmetic expression within its bracket or block.</summary>
    private struct Context()
    {
        /// <summary>Where it began, or −1.</summary>
        public int Start = -1;

        /// <summary>Whether an operand comes next.</summary>
        public bool Expects = true;

        /// <summary>Whether it adds or subtracts.</summary>
        public bool IsSum;

        /// <summary>Whether it multiplies, divides or raises, or has a literal such as 3.0.</summary>
        public bool IsProduct;

        /// <summary>Operands that are no integer literals.</summary>
        public int Variables;
    }
}
