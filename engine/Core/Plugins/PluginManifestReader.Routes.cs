using System.Globalization;
using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Plugins;

/// <summary>Routes and media of a manifest.</summary>
public static partial class PluginManifestReader
{
    private const int MaxRouteBytes = 16 << 20;
    private static readonly string[] RouteKeys = ["name", "profile", "kind", "paths", "subprotocol", "maxBytes"];

    private sealed partial class Reading
    {
        private MediaProfile Media(JsonAt root)
        {
            var value = Member(root, "media");
            if (ReferenceEquals(value, root))
            {
                return MediaProfile.Rtp;
            }

            if (value.Kind == JsonTokenType.String && value.Text is "rtp" or "sdes" or "webrtc" or "webrtc-client")
            {
                return value.Text switch
                {
                    "webrtc" => MediaProfile.WebRtc,
                    "webrtc-client" => MediaProfile.WebRtcClient,
                    "sdes" => MediaProfile.Sdes,
                    _ => MediaProfile.Rtp,
                };
            }

            Fault(value.Offset, "media must be one of rtp, sdes, webrtc, webrtc-client");
            return MediaProfile.Rtp;
        }

        private List<RouteSpec> Routes(JsonAt root)
        {
            var all = new List<RouteSpec>();
            foreach (var item in Array(root, "routes"))
            {
                if (item.Kind != JsonTokenType.StartObject)
                {
                    Fault(item.Offset, "a route is an object with name, profile, kind and paths");
                    continue;
                }

                CheckKeys(item, RouteKeys);
                var name = Text(item, "name", IsWord, "letters, digits and dashes");
                var kind = Text(item, "kind", static t => t is "websocket" or "http", "websocket or http");
                var profile = Has(item, "profile") ? Text(item, "profile", IsWord, "letters, digits and dashes") : "default";
                var subprotocol = Has(item, "subprotocol") ? Text(item, "subprotocol", IsWord, "the name of a WebSocket subprotocol such as sip") : "";
                if (subprotocol.Length > 0 && kind == "http")
                {
                    Fault(Member(item, "subprotocol").Offset, $"route {name}: only a websocket route has a subprotocol");
                }

                if (all.Exists(r => r.Name == name))
                {
                    Fault(Member(item, "name").Offset, $"route {name} is named twice");
                }

                all.Add(new RouteSpec(name, profile, kind == "http" ? RouteKind.Http : RouteKind.WebSocket, Paths(item, name))
                {
                    Subprotocol = subprotocol,
                    MaxBytes = MaxBytesOf(item, name),
                });
            }

            return all;
        }

        private static bool Has(JsonAt item, string key) => item.Members.Exists(m => m.Name == key);

        private List<string> Paths(JsonAt item, string name)
        {
            var paths = new List<string>();
            foreach (var path in Array(item, "paths"))
            {
                var text = path.Kind == JsonTokenType.String ? path.Text : "";
                var plain = text.EndsWith("/*", StringComparison.Ordinal) ? text[..^1] : text;
                if (plain.Length is 0 or > 256 || plain[0] != '/' || plain.Contains("//", StringComparison.Ordinal)
                    || !plain.All(static c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or '~'))
                {
                    Fault(path.Offset, $"route {name}: a path is such as /ws, or /api/whip/* for all below");
                }
                else if (paths.Contains(text, StringComparer.Ordinal))
                {
                    Fault(path.Offset, $"route {name}: {text} is given twice");
                }
                else
                {
                    paths.Add(text);
                }
            }

            if (paths.Count == 0 && !Has(item, "paths"))
            {
                Fault(item.Offset, $"route {name}: paths is missing: a list of paths such as /ws, or /api/whip/* for all below");
            }

            return paths;
        }

        private int MaxBytesOf(JsonAt item, string name)
        {
            if (!Has(item, "maxBytes"))
            {
                return 65536;
            }

            var value = Member(item, "maxBytes");
            if (value.Kind == JsonTokenType.Number && int.TryParse(value.Raw, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes is >= 1 and <= MaxRouteBytes)
            {
                return bytes;
            }

            Fault(value.Offset, $"route {name}: maxBytes must be a whole number, 1 to {MaxRouteBytes}");
            return 65536;
        }
    }
}
