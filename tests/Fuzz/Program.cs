using System.Diagnostics;
using System.Globalization;
using XSwitchEngine.Fuzz;

// XSwitchEngine.Fuzz [seconds for each target] [target ...]
// Runs each parser on mutated inputs. A crasher is written to corpus/sip/{target}-{hash}, where a test replays it for good.
var seconds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 60;
var chosen = SipTargets.All.Where(t => args.Length < 2 || args.Skip(1).Contains(t.Name)).ToList();
var failures = 0;
foreach (var target in chosen)
{
    var corpus = target.Seeds.ToList();
    var watch = Stopwatch.StartNew();
    long runs = 0;
    var found = 0;
    for (var seed = 1; watch.Elapsed < TimeSpan.FromSeconds(seconds) && found < 5; seed++)
    {
        var mutator = new Mutator(seed, target.Words);
        for (var i = 0; i < 2000 && watch.Elapsed < TimeSpan.FromSeconds(seconds); i++, runs++)
        {
            var input = mutator.Next(corpus);
            var began = Stopwatch.GetTimestamp();
            string? problem = null;
            try
            {
                target.Run(input);
                var took = Stopwatch.GetElapsedTime(began);
                problem = took > TimeSpan.FromSeconds(5) ? "took " + took : null;
            }
            catch (Exception e)
            {
                problem = e.ToString();
            }

            if (problem is not null)
            {
                found++;
                var file = Path.Combine("corpus", "sip", $"{target.Name}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(input))[..16]}");
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                File.WriteAllBytes(file, input);
                Console.WriteLine($"{file}: {problem}");
            }
            else if (runs % 5000 == 4999 && corpus.Count < 200)
            {
                corpus.Add(input);    // what is far from the seeds leads farther
            }
        }
    }

    failures += found;
    Console.WriteLine($"{target.Name}: {runs} inputs in {watch.Elapsed.TotalSeconds:F0} s, {found} failures");
}

return failures == 0 ? 0 : 1;
