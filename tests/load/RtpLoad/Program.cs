using System.Globalization;
using System.Text.Json;
using XSwitchEngine.RtpLoad;

// RtpLoad sockets --port PORT --clients N    opens WebSockets to the engine's HTTP port, says "N open" and keeps them until it is ended.
// RtpLoad --data DIR --pid PID --port PORT --legs N [--seconds S] [--warm S]
// The phones of all legs named PORT of 127.0.0.1 for their audio. Prints one line of JSON.
var options = new Dictionary<string, string>();
var isSockets = args is ["sockets", ..];
for (var i = isSockets ? 1 : 0; i + 1 < args.Length; i += 2)
{
    options[args[i].TrimStart('-')] = args[i + 1];
}

if (isSockets)
{
    return await IdleSockets.RunAsync(Number("port", 8081), Number("clients", 100));
}

if (!options.TryGetValue("data", out var data) || Number("pid", 0) == 0 || Number("port", 0) == 0 || Number("legs", 0) == 0)
{
    Console.Error.WriteLine("RtpLoad --data DIR --pid PID --port PORT --legs N [--seconds S] [--warm S]");
    return 2;
}

var legs = Number("legs", 0);
var ports = await EngineControl.MediaPortsAsync(data);
if (ports.Count != legs)
{
    Console.Error.WriteLine($"the engine has {ports.Count} legs with media, not {legs}");
    return 1;
}

using var traffic = new PacedTraffic(Number("port", 0), ports);
var result = traffic.Run(TimeSpan.FromSeconds(Number("warm", 3)), TimeSpan.FromSeconds(Number("seconds", 10)), () => ProcessTime.Of(Number("pid", 0)));
Console.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.Result));
return 0;

int Number(string name, int otherwise) => options.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
