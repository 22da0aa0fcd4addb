using BenchmarkDotNet.Running;

namespace XSwitchEngine.Benchmarks;

/// <summary>Micro benchmarks: <c>dotnet run -c Release --project tests/Benchmarks -- --filter '*'</c>; <c>-- media …</c> runs the media loops alone, to be measured beside another relay; <c>-- secure</c> measures SRTP and DTLS.</summary>
internal static class Program
{
    public static void Main(string[] args)
    {
        if (args is ["media", .. var rest])
        {
            Environment.ExitCode = MediaRelayHost.Run(rest);
            return;
        }

        if (args is ["secure"])
        {
            Environment.ExitCode = SecureMediaCosts.Run();
            return;
        }

        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
    }
}
