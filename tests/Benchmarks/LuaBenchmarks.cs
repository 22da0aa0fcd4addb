using System.Collections.Concurrent;
using BenchmarkDotNet.Attributes;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting;

namespace XSwitchEngine.Benchmarks;

/// <summary>What a script costs: a whole run, a wait, a getter. One shard; the time of an operation is the shard's thread from end to end.</summary>
[MemoryDiagnoser]
public class LuaBenchmarks : IDisposable
{
    private const int Runs = 2_000;
    private const int Loops = 100_000;

    private readonly string _directory = Directory.CreateTempSubdirectory("lua-bench-").FullName;
    private readonly BenchPort _port = new();
    private LuaScriptEngine _engine = null!;
    private long _run;

    [GlobalSetup]
    public void Setup()
    {
        _engine = new LuaScriptEngine(new ScriptEngineOptions { ScriptDirectory = _directory, Shards = 1, WatchFiles = false, CpuBudget = TimeSpan.FromMinutes(10) }, _port, TimeProvider.System);
        _port.Engine = _engine;
        Save("call.lua", "session:answer() for i = 1, 11 do session:setVariable('name_' .. i, 'value') end session:hangup()");
        Save("empty.lua", "");
        Save("sleep.lua", $"for i = 1, {Loops} do session:sleep(20) end");
        Save("msleep.lua", $"local sleep = freeswitch.msleep for i = 1, {Loops} do sleep(20) end");
        Save("coroutine.lua", $"coroutine.wrap(function() for i = 1, {Loops} do session:sleep(20) end end)()");
        Save("set.lua", $"for i = 1, {Loops} do session:setVariable('name', 'value') end");
        Save("get.lua", $"for i = 1, {Loops} do local v = session:getVariable('name') end");
        Save("ready.lua", $"for i = 1, {Loops} do local v = session:ready() end");
        Save("loop.lua", $"local n = 0 for i = 1, {Loops} do n = i end");
        Save("sum.lua", $"local n = 0 for i = 1, {Loops} do n = n + i end");
        Save("find.lua", $"for i = 1, {Loops} do local a, b = string.find('10.0.0.1:5060', '(%d+)$') end");
        Save("gsub.lua", $"for i = 1, {Loops} do local a = string.gsub('a,b,c,d', ',', ';') end");
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _engine.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    public void Dispose()
    {
        _port.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Start to end of a script that does nothing.</summary>
    [Benchmark(OperationsPerInvoke = Runs)]
    public void EmptyScript() => RunMany("empty.lua");

    /// <summary>Answer, 11 × setVariable, hangup, each operation done at once.</summary>
    [Benchmark(OperationsPerInvoke = Runs)]
    public void CallScript() => RunMany("call.lua");

    /// <summary>A wait: begin, yield, message, resume. The end comes through the mailbox.</summary>
    [Benchmark(OperationsPerInvoke = Loops)]
    public void BlockingCall() => RunOne("sleep.lua", atOnce: false);

    /// <summary>An operation that the core ends while it is being begun.</summary>
    [Benchmark(OperationsPerInvoke = Loops)]
    public void CallDoneAtOnce() => RunOne("sleep.lua", atOnce: true);

    /// <summary>A wait without a session.</summary>
    [Benchmark(OperationsPerInvoke = Loops)]
    public void Msleep() => RunOne("msleep.lua", atOnce: false);

    /// <summary>A wait inside a script's own coroutine.</summary>
    [Benchmark(OperationsPerInvoke = Loops)]
    public void BlockingCallInCoroutine() => RunOne("coroutine.lua", atOnce: false);

    [Benchmark(OperationsPerInvoke = Loops)]
    public void SetVariable() => RunOne("set.lua", atOnce: true);

    [Benchmark(OperationsPerInvoke = Loops)]
    public void GetVariable() => RunOne("get.lua", atOnce: true);

    [Benchmark(OperationsPerInvoke = Loops)]
    public void Ready() => RunOne("ready.lua", atOnce: true);

    /// <summary>A loop iteration with the count hook on.</summary>
    [Benchmark(OperationsPerInvoke = Loops)]
    public void LoopIteration() => RunOne("loop.lua", atOnce: true);

    /// <summary>The same with a sum of two variables.</summary>
    [Benchmark(OperationsPerInvoke = Loops)]
    public void LoopIterationWithSum() => RunOne("sum.lua", atOnce: true);

    [Benchmark(OperationsPerInvoke = Loops)]
    public void PatternFind() => RunOne("find.lua", atOnce: true);

    [Benchmark(OperationsPerInvoke = Loops)]
    public void PatternSubstitute() => RunOne("gsub.lua", atOnce: true);

    private void Save(string name, string text) => File.WriteAllText(Path.Combine(_directory, name), text);

    private void RunMany(string name)
    {
        _port.AtOnce = true;
        _port.Expect(Runs);
        for (var i = 0; i < Runs; i++)
        {
            _engine.Start(new ScriptStart(new ScriptRunId(++_run), name, [], BenchPort.Leg, ScriptKind.Call));
        }

        _port.WaitForEnds();
    }

    private void RunOne(string name, bool atOnce)
    {
        _port.AtOnce = atOnce;
        _port.Expect(1);
        _engine.Start(new ScriptStart(new ScriptRunId(++_run), name, [], BenchPort.Leg, ScriptKind.Call));
        _port.WaitForEnds();
    }

    /// <summary>A core that ends every operation: during its beginning, or when the shard has gone on (a message that the shard's own thread sends).</summary>
    private sealed class BenchPort : IScriptPort, IDisposable
    {
        public static readonly LegId Leg = new(new Guid("6f9619ff-8b86-d011-b42d-00c04fc964ff"));

        private readonly ConcurrentDictionary<string, string?> _variables = new();
        private readonly SemaphoreSlim _done = new(0);
        private int _left;

        public LuaScriptEngine Engine { get; set; } = null!;

        public bool AtOnce { get; set; }

        public void Expect(int ends) => _left = ends;

        public void WaitForEnds() => _done.Wait();

        public void Dispose() => _done.Dispose();

        public void Begin(OpToken token, LegId leg, ScriptOp op, string?[] args, bool wantsInput)
        {
            if (AtOnce)
            {
                Engine.Complete(token, new OpResult(1));
            }
            else
            {
                Engine.CompleteLater(token, new OpResult(1));
            }
        }

        public void Control(OpToken token, string command)
        {
        }

        public string? GetVariable(LegId leg, string name) => _variables.GetValueOrDefault(name);

        public void SetVariable(LegId leg, string name, string? value) => _variables[name] = value;

        public string? GetGlobal(string name) => null;

        public void SetGlobal(string name, string? value)
        {
        }

        public LegSnapshot Snapshot(LegId leg) => new(true, true, true, true, false, "CS_EXECUTE", HangupCause.None);

        public bool TryFindLeg(string uuid, out LegId leg)
        {
            leg = Leg;
            return true;
        }

        public void SetAutoHangup(LegId leg, bool on)
        {
        }

        public void Log(int level, LegId leg, string script, string text)
        {
        }

        public void Ended(ScriptRunId run, ScriptEnd end)
        {
            if (!end.Succeeded)
            {
                throw new InvalidOperationException(end.Error);
            }

            if (Interlocked.Decrement(ref _left) == 0)
            {
                _done.Release();
            }
        }
    }
}
