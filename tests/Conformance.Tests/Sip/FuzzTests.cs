using XSwitchEngine.Fuzz;

namespace XSwitchEngine.Conformance.Tests.Sip;

/// <summary>The fuzz targets of SIP: crashers of the past, and some seconds of fresh inputs.</summary>
public sealed class FuzzTests
{
    public static TheoryData<string> Targets() => [.. SipTargets.All.Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void No_input_breaks_a_parser(string name)
    {
        var target = SipTargets.All.First(t => t.Name == name);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "corpus"), name + "-*", SearchOption.AllDirectories))
        {
            target.Run(File.ReadAllBytes(file));
        }

        var mutator = new Mutator(20261125, target.Words);
        for (var i = 0; i < (name == "plugin" ? 300 : 5000); i++)
        {
            target.Run(mutator.Next(target.Seeds));
        }
    }

    [Fact]
    public void The_same_seed_makes_the_same_inputs()
    {
        var target = SipTargets.All[0];
        var (a, b) = (new Mutator(7, target.Words), new Mutator(7, target.Words));
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(a.Next(target.Seeds), b.Next(target.Seeds));
        }
    }
}
