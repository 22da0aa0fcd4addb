using System.Globalization;
using System.Text.Json;

namespace XSwitchEngine.Integration.Tests;

/// <summary>Things that several tests look at.</summary>
internal static class Scenes
{
    /// <summary>UUIDs of all channels.</summary>
    public static async Task<IReadOnlyList<string>> ChannelsAsync(EngineProcess engine)
    {
        using var json = JsonDocument.Parse(await engine.ApiAsync("show channels as json"));
        return json.RootElement.GetProperty("row_count").GetInt32() == 0
            ? []
            : [.. json.RootElement.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("uuid").GetString()!)];
    }

    /// <summary>A variable of every channel.</summary>
    public static async Task<IReadOnlyList<string>> VariablesAsync(EngineProcess engine, string name)
    {
        var values = new List<string>();
        foreach (var uuid in await ChannelsAsync(engine))
        {
            values.Add((await engine.ApiAsync($"uuid_getvar {uuid} {name}")).Trim());
        }

        return values;
    }

    /// <summary>Waits until so many channels have media, and tells the engine's RTP port of each.</summary>
    public static async Task<IReadOnlyList<int>> MediaPortsAsync(EngineProcess engine, int channels)
    {
        IReadOnlyList<int> ports = [];
        await EngineProcess.UntilAsync(
            async () =>
            {
                if (await engine.ChannelsAsync() != channels)
                {
                    return false;
                }

                ports = [.. (await VariablesAsync(engine, "local_media_port")).Select(p => int.TryParse(p, CultureInfo.InvariantCulture, out var port) ? port : 0)];
                return ports.Count == channels && !ports.Contains(0);
            },
            $"{channels} channels have media");
        return ports;
    }

    /// <summary>No leg and no port is left.</summary>
    public static async Task NothingLeftAsync(EngineProcess engine)
    {
        await EngineProcess.UntilAsync(async () => await engine.ChannelsAsync() == 0, "no channel is left");
        using var http = new HttpClient { BaseAddress = engine.Http };
        await EngineProcess.UntilAsync(
            async () => Value(await http.GetStringAsync(new Uri("metrics", UriKind.Relative)), "xswitch_rtp_ports_leased") == 0, "no RTP port is leased");
    }

    /// <summary>A plugin has been swapped so often, and no replaced version is left in memory.</summary>
    public static async Task SwappedAsync(EngineProcess engine, string plugin, int swaps)
    {
        using var http = new HttpClient { BaseAddress = engine.Http };
        var metrics = await http.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(1 + swaps, Value(metrics, "xswitch_plugin_generation", $"plugin=\"{plugin}\""));
        Assert.Equal(0, Value(metrics, "xswitch_plugin_leaked_contexts"));
    }

    /// <summary>Sum of a metric over its labels; one that is not there fails the test.</summary>
    public static double Value(string metrics, string name, string label = "")
    {
        Assert.Contains($"\n# TYPE {name} ", "\n" + metrics, StringComparison.Ordinal);
        return metrics.Split('\n')
            .Where(l => l.StartsWith(name + " ", StringComparison.Ordinal) || l.StartsWith(name + "{", StringComparison.Ordinal))
            .Where(l => l.Contains(label, StringComparison.Ordinal))
            .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }
}
