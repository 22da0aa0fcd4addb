using XSwitchEngine.Core.Scripts;
using XSwitchEngine.Scripting.Tests.Kit;

namespace XSwitchEngine.Scripting.Tests;

public sealed class SmokeTests
{
    [Fact]
    public async Task A_script_answers_sets_variables_and_hangs_up()
    {
        using var bench = new ScriptBench();
        bench.Port.Answer = static b => new OpResult(1);
        var leg = bench.Port.AddLeg();

        var end = await bench.RunAsync("session:answer() for i = 1, 11 do session:setVariable('v' .. i, i) end session:hangup('USER_BUSY')", leg);

        Assert.True(end.Succeeded, end.Error);
        Assert.Equal([ScriptOp.Answer, ScriptOp.Hangup], bench.Port.All.Select(b => b.Op));
        Assert.Equal("11", bench.Port.Variables[(leg, "v11")]);
    }
}
