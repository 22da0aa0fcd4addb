using System.Diagnostics;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Calls.Api;

/// <summary>API commands that run scripts, other commands, and programs.</summary>
internal sealed class ScriptCommands(CallCore core, ScriptRuns scripts)
{
    private const int MaxJobs = 1000;
    private int _jobs;

    public void AddTo(ApiTable table, Apps.ApplicationTable applications)
    {
        table.Add("lua", LuaAsync);
        table.Add("luarun", LuaRun);
        table.Add("bgapi", (text, leg) => Task.FromResult(Background(table, text, leg)));
        table.Add("msleep", SleepAsync);
        table.Add("system", (text, _) => SystemAsync(text));
        table.Add("bg_system", text =>
        {
            core.Spawn(null, () => SystemAsync(text));
            return "+OK\n";
        });
        applications.Add("system", (_, data) => SystemAsync(data));
        applications.Add("bgsystem", (_, data) =>
        {
            core.Spawn(null, () => SystemAsync(data));
            return Task.CompletedTask;
        });
    }

    private async Task<string> LuaAsync(string text, Leg? leg)
    {
        var words = text.StartsWith('~') ? [text] : Arguments.Split(text);
        if (words.Count == 0)
        {
            return "-ERR no args specified!\n";
        }

        var done = new TaskCompletionSource<ScriptEnd>();
        scripts.Start(words[0], words[1..], leg, ScriptKind.Api, (_, end) => done.SetResult(end), leg is null ? null : core.Announce.HeadersOf("REQUEST_PARAMS", leg));
        var end = await done.Task;
        return end.Succeeded ? end.Output : end.Output + "-ERR Cannot execute script\n";
    }

    private string LuaRun(string text)
    {
        var words = text.StartsWith('~') ? [text] : Arguments.Split(text);
        if (words.Count == 0)
        {
            return "-ERR no args specified!\n";
        }

        scripts.Start(words[0], words[1..], null, ScriptKind.Background, static (_, _) => { });
        return "+OK\n";
    }

    private string Background(ApiTable table, string text, Leg? leg)
    {
        var job = Guid.NewGuid().ToString();
        if (text.StartsWith("uuid:", StringComparison.Ordinal))
        {
            var parts = text[5..].Split(' ', 2);
            job = parts[0];
            text = parts.ElementAtOrDefault(1) ?? "";
        }

        if (_jobs >= MaxJobs)
        {
            return "-ERR too many background jobs\n";
        }

        _jobs++;
        core.Spawn(null, async () =>
        {
            try
            {
                var words = text.Split(' ', 2);
                var reply = await table.ExecuteAsync(words[0], words.ElementAtOrDefault(1) ?? "", leg);
                if (core.Services.Events.IsWanted("BACKGROUND_JOB"))
                {
                    core.Announce.Custom("BACKGROUND_JOB", "", [new("Job-UUID", job), new("Job-Command", words[0])], reply);
                }
            }
            finally
            {
                _jobs--;
            }
        });
        return $"+OK Job-UUID: {job}\n";
    }

    private async Task<string> SleepAsync(string text, Leg? leg)
    {
        var ms = int.TryParse(text, out var value) ? Math.Clamp(value, 0, 3_600_000) : 0;
        await new SignalQueue(core.Services.Loop).ReceiveAsync(TimeSpan.FromMilliseconds(ms));
        return "+OK";
    }

    /// <summary>Runs a program off the loop; refused unless the configuration allows it (S-37).</summary>
    private async Task<string> SystemAsync(string command)
    {
        if (!core.Services.Options.AllowSystem)
        {
            Log.LegWarning(core.Services.Log, "-", $"system command refused (Engine:AllowSystem is false): {command}");
            return "-ERR system commands are not allowed (Engine:AllowSystem)\n";
        }

        var done = new TaskCompletionSource<string>();
        _ = Task.Run(async () =>
        {
            var reply = await RunProgramAsync(command);
            core.Services.Loop.Post(static s => Complete(s), (done, reply));
        });
        return await done.Task;
    }

    private static void Complete(object? state)
    {
        var (done, reply) = ((TaskCompletionSource<string>, string))state!;
        done.SetResult(reply);
    }

    private static async Task<string> RunProgramAsync(string command)
    {
        const int MaxOutput = 1 << 20;
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            using var process = Process.Start(new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", command }, RedirectStandardOutput = true })!;
            var buffer = new char[MaxOutput];
            var length = await process.StandardOutput.ReadBlockAsync(buffer, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new string(buffer, 0, length);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException or OperationCanceledException)
        {
            return $"-ERR {e.Message}\n";
        }
    }
}
