using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Listeners;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Reads and checks <c>plugin.json</c> without loading any code of the plugin.</summary>
public static partial class PluginManifestReader
{
    /// <summary>File name of a manifest.</summary>
    public const string FileName = "plugin.json";

    private const int MaxBytes = 256 * 1024;
    private static readonly string[] Keys = ["name", "version", "api", "assembly", "entry", "endpoints", "listeners", "routes", "media", "apiCommands", "options", "description"];
    private static readonly TransportKind[] ListenerTransports = [TransportKind.Udp, TransportKind.Tcp, TransportKind.Tls, TransportKind.Ws, TransportKind.Wss];
    private static readonly string[] ListenerKeys = ["name", "profile", "transport", "default", "subprotocol"];

    /// <summary>Reads a manifest and checks it whole: form, contract version, presence of the assembly.</summary>
    /// <param name="path">The manifest, or the directory that holds it.</param>
    /// <param name="manifest">The manifest.</param>
    /// <param name="error">All faults, one a line, each as <c>file:line:column: what is wrong</c>.</param>
    public static bool TryRead(string path, [NotNullWhen(true)] out PluginManifest? manifest, out string error)
    {
        manifest = null;
        if (System.IO.Directory.Exists(path))
        {
            path = Path.Combine(path, FileName);
        }

        byte[] utf8;
        try
        {
            var length = new FileInfo(path).Length;
            if (length > MaxBytes)
            {
                error = $"{path}: larger than {MaxBytes / 1024} KiB";
                return false;
            }

            utf8 = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error = e is FileNotFoundException or DirectoryNotFoundException ? $"{path}: there is no such file" : $"{path}: {e.Message}";
            return false;
        }

        var reading = new Reading(path, utf8.AsSpan().StartsWith("\uFEFF"u8) ? utf8[3..] : utf8);
        manifest = reading.Read(Path.GetDirectoryName(Path.GetFullPath(path))!);
        error = string.Join('\n', reading.Faults);
        return manifest is not null;
    }

    private sealed partial class Reading(string path, byte[] utf8)
    {
        public List<string> Faults { get; } = [];

        public PluginManifest? Read(string directory)
        {
            if (!JsonAt.TryParse(utf8, out var root, out var errorOffset, out var error))
            {
                Fault(errorOffset, error);
                return null;
            }

            if (root!.Kind != JsonTokenType.StartObject)
            {
                Fault(root.Offset, "a manifest is a JSON object");
                return null;
            }

            CheckKeys(root, Keys);
            var name = Text(root, "name", static t => IsName(t), "lower-case letters, digits and dashes, 1 to 64, beginning with a letter");
            var version = Text(root, "version", static t => SemanticVersion.TryParse(t, out _), "a semantic version such as 1.4.0");
            var api = Text(root, "api", static t => ApiRange.TryParse(t, out _), "a range of contract versions such as 1.x or >=1.2 <2");
            CheckApi(root, api);
            var assembly = Text(root, "assembly", static t => t.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) && Path.GetFileName(t) == t && !t.Contains('\\', StringComparison.Ordinal), "the file name of the assembly beside the manifest, such as My.Plugin.dll");
            var entry = Text(root, "entry", static t => t.Length > 0 && t.Length <= 512 && !t.Any(char.IsWhiteSpace), "the full name of the type that implements IProtocolPlugin");
            if (assembly.Length > 0 && !File.Exists(Path.Combine(directory, assembly)))
            {
                Fault(Member(root, "assembly").Offset, $"assembly {assembly} is not in {directory}");
            }

            var manifest = new PluginManifest(name, version, api, assembly, entry)
            {
                Endpoints = Words(root, "endpoints"),
                ApiCommands = Words(root, "apiCommands"),
                Listeners = Listeners(root),
                Routes = Routes(root),
                Media = Media(root),
                Options = Options(root),
            };
            return Faults.Count == 0 ? manifest : null;
        }

        private static bool IsName(string text) =>
            text.Length is > 0 and <= 64 && char.IsAsciiLetterLower(text[0]) && text.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

        private static bool IsWord(string text) =>
            text.Length is > 0 and <= 64 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

        private static JsonAt Member(JsonAt parent, string name) =>
            parent.Members.Find(m => m.Name == name).Value ?? parent;

        private void CheckApi(JsonAt root, string api)
        {
            if (ApiRange.TryParse(api, out var range) && !range.Contains(PluginManifest.ContractVersion))
            {
                Fault(Member(root, "api").Offset, $"the plugin needs contract {api}, this engine offers {PluginManifest.ContractVersion}: install a version of the plugin built for contract {PluginManifest.ContractVersion.Major}.x, or an engine that offers {api}");
            }
        }

        private List<ListenerSpec> Listeners(JsonAt root)
        {
            var all = new List<ListenerSpec>();
            foreach (var item in Array(root, "listeners"))
            {
                if (item.Kind != JsonTokenType.StartObject)
                {
                    Fault(item.Offset, "a listener is an object with name, profile, transport and default");
                    continue;
                }

                CheckKeys(item, ListenerKeys);
                var name = Text(item, "name", IsWord, "letters, digits and dashes");
                var transport = Text(item, "transport", static t => ListenerTransports.Any(k => t.Equals(k.ToString(), StringComparison.OrdinalIgnoreCase)), "one of udp, tcp, tls, ws, wss");
                var at = Text(item, "default", static t => ListenAddress.TryParse(t, out _), "an address and port such as *:5060, 192.0.2.1:5060 or [::1]:5060");
                var profile = item.Members.Exists(static m => m.Name == "profile") ? Text(item, "profile", IsWord, "letters, digits and dashes") : ProfileOf(name, transport);
                if (!Enum.TryParse<TransportKind>(transport, ignoreCase: true, out var kind))
                {
                    continue;
                }

                var subprotocol = item.Members.Exists(static m => m.Name == "subprotocol") ? Text(item, "subprotocol", IsWord, "the name of a WebSocket subprotocol such as sip") : "";
                if (subprotocol.Length > 0 && kind is not (TransportKind.Ws or TransportKind.Wss))
                {
                    Fault(Member(item, "subprotocol").Offset, $"listener {name}: only ws and wss have a subprotocol");
                }

                if (all.Exists(l => l.Name == name))
                {
                    Fault(Member(item, "name").Offset, $"listener {name} is named twice");
                }

                all.Add(new ListenerSpec(name, profile, kind, at) { Subprotocol = subprotocol });
            }

            return all;
        }

        // internal-udp belongs to profile internal unless the manifest says otherwise.
        private static string ProfileOf(string name, string transport) =>
            name.EndsWith("-" + transport, StringComparison.OrdinalIgnoreCase) ? name[..^(transport.Length + 1)] : name;

        private Dictionary<string, string> Options(JsonAt root)
        {
            var all = new Dictionary<string, string>(StringComparer.Ordinal);
            var value = Member(root, "options");
            if (ReferenceEquals(value, root))
            {
                return all;
            }

            if (value.Kind != JsonTokenType.StartObject)
            {
                Fault(value.Offset, "options is an object: each option with its default value");
                return all;
            }

            foreach (var (name, offset, option) in value.Members)
            {
                if (!all.TryAdd(name, option.Raw))
                {
                    Fault(offset, $"option {name} is named twice");
                }
            }

            return all;
        }

        private List<string> Words(JsonAt root, string key)
        {
            var all = new List<string>();
            foreach (var item in Array(root, key))
            {
                if (item.Kind != JsonTokenType.String || !IsWord(item.Text))
                {
                    Fault(item.Offset, $"{key} holds words of letters, digits, underscores, dashes and dots");
                }
                else if (all.Contains(item.Text, StringComparer.Ordinal))
                {
                    Fault(item.Offset, $"{item.Text} is named twice in {key}");
                }
                else
                {
                    all.Add(item.Text);
                }
            }

            return all;
        }

        private List<JsonAt> Array(JsonAt root, string key)
        {
            var value = Member(root, key);
            if (ReferenceEquals(value, root))
            {
                return [];
            }

            if (value.Kind != JsonTokenType.StartArray)
            {
                Fault(value.Offset, $"{key} is an array");
                return [];
            }

            return value.Items;
        }

        private string Text(JsonAt parent, string key, Func<string, bool> isValid, string form)
        {
            var value = Member(parent, key);
            if (ReferenceEquals(value, parent))
            {
                Fault(parent.Offset, $"{key} is missing: {form}");
                return "";
            }

            if (value.Kind != JsonTokenType.String || !isValid(value.Text))
            {
                Fault(value.Offset, $"{key} must be {form}");
                return "";
            }

            return value.Text;
        }

        private void CheckKeys(JsonAt value, string[] known)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (name, offset, _) in value.Members)
            {
                if (!known.Contains(name, StringComparer.Ordinal))
                {
                    var near = Suggestion.For(name, known);
                    Fault(offset, near is null ? $"unknown key {name}" : $"unknown key {name}; did you mean {near}?");
                }
                else if (!seen.Add(name))
                {
                    Fault(offset, $"{name} is given twice");
                }
            }
        }

        private void Fault(int offset, string text)
        {
            var (line, column) = JsonAt.Position(utf8, offset);
            Faults.Add($"{path}:{line}:{column}: {text}");
        }
    }
}
