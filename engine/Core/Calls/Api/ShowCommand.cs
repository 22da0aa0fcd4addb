using System.Globalization;
using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls.Apps;

namespace XSwitchEngine.Core.Calls.Api;

/// <summary>The command <c>show</c> (Lua API 15.3).</summary>
internal sealed class ShowCommand(CallCore core, ApplicationTable applications, ApiTable api)
{
    private static readonly string[] Channel =
    [
        "uuid", "direction", "created", "created_epoch", "name", "state", "cid_name", "cid_num", "ip_addr", "dest", "application", "application_data", "dialplan", "context",
        "read_codec", "read_rate", "read_bit_rate", "write_codec", "write_rate", "write_bit_rate", "secure", "hostname", "presence_id", "presence_data", "accountcode", "callstate",
        "callee_name", "callee_num", "callee_direction", "call_uuid", "sent_callee_name", "sent_callee_num", "initial_cid_name", "initial_cid_num", "initial_ip_addr",
        "initial_dest", "initial_dialplan", "initial_context",
    ];

    private static readonly string[] CallA =
    [
        "uuid", "direction", "created", "created_epoch", "name", "state", "cid_name", "cid_num", "ip_addr", "dest", "presence_id", "presence_data", "accountcode", "callstate",
        "callee_name", "callee_num", "callee_direction", "call_uuid", "hostname", "sent_callee_name", "sent_callee_num",
    ];

    private static readonly string[] CallB =
    [
        "b_uuid", "b_direction", "b_created", "b_created_epoch", "b_name", "b_state", "b_cid_name", "b_cid_num", "b_ip_addr", "b_dest", "b_presence_id", "b_presence_data",
        "b_accountcode", "b_callstate", "b_callee_name", "b_callee_num", "b_callee_direction", "b_sent_callee_name", "b_sent_callee_num", "call_created_epoch",
    ];

    private static readonly string[] Registration =
        ["reg_user", "realm", "token", "url", "expires", "network_ip", "network_port", "network_proto", "hostname", "metadata"];

    private static readonly string[] Name = ["name"];
    private static readonly string[] TypeName = ["type", "name"];
    private static readonly string[] Module = ["type", "name", "version", "state"];
    private static readonly string[] Endpoints = ["error", "group", "loopback", "user", "sofia"];

    public void AddTo(ApiTable table) => table.Add("show", Show);

    private string Show(string arguments)
    {
        var words = Arguments.Split(arguments, 2);
        var options = words.ElementAtOrDefault(1) ?? "";
        return words.FirstOrDefault() switch
        {
            "channels" => ListFormat.Format(Channel, [.. core.Table.Live.Select(l => Row(l, Channel))], options),
            "calls" => Calls(onlyBridged: false, options),
            "bridged_calls" or "detailed_bridged_calls" => Calls(onlyBridged: true, options),
            "detailed_calls" => Calls(onlyBridged: false, options),
            "registrations" => ListFormat.Format(Registration, [.. core.Services.Directory.AllRegistrations.Select(RegistrationRow)], options),
            "application" => ListFormat.Format(Name, [.. applications.Names.Order(StringComparer.Ordinal).Select(n => new[] { n })], options),
            "api" => ListFormat.Format(Name, [.. api.Names.Order(StringComparer.Ordinal).Select(n => new[] { n })], options),
            "modules" => ListFormat.Format(Module, [.. core.Services.Plugins.Status.Select(p => new[] { "endpoint", p.Name, p.Version, p.State })], options),
            "codec" => ListFormat.Format(TypeName, [.. core.Services.Options.Codecs.Select(c => new[] { "codec", c })], options),
            "endpoint" => ListFormat.Format(TypeName, [.. Endpoints.Select(c => new[] { "endpoint", c })], options),
            _ => "-USAGE: channels|calls|registrations|detailed_calls|bridged_calls|modules|codec|endpoint|application|api [count|like <text>] [as delim <d>|csv|xml|json]\n",
        };
    }

    private string Calls(bool onlyBridged, string options)
    {
        var rows = new List<IReadOnlyList<string>>();
        foreach (var leg in core.Table.Live)
        {
            var peer = leg.Peer;
            if (peer is not null ? IsSecond(leg, peer) : onlyBridged || leg.Dialler is not null)
            {
                continue;
            }

            var b = peer is null ? Enumerable.Repeat("", CallB.Length - 1) : CallB.SkipLast(1).Select(c => Value(peer, c[2..]));
            rows.Add([.. CallA.Select(c => Value(leg, c)), .. b, Epoch(leg.BridgedTime ?? leg.CreatedTime)]);
        }

        return ListFormat.Format([.. CallA, .. CallB], rows, options);
    }

    /// <summary>Each bridge is one row: that of the leg that came first.</summary>
    private static bool IsSecond(Leg leg, Leg peer) =>
        leg.CreatedTime > peer.CreatedTime || (leg.CreatedTime == peer.CreatedTime && string.CompareOrdinal(leg.Uuid, peer.Uuid) > 0);

    private string[] Row(Leg leg, string[] columns) => [.. columns.Select(c => Value(leg, c))];

    private string Value(Leg leg, string column)
    {
        var p = leg.Profile;
        var codec = leg.Negotiated?.Audio.Codec;
        return column switch
        {
            "uuid" => leg.Uuid,
            "direction" => leg.Direction == LegDirection.Inbound ? "inbound" : "outbound",
            "created" => LegFields.Get(leg, "start_stamp")!,
            "created_epoch" => Epoch(leg.CreatedTime),
            "name" => leg.ChannelName,
            "state" => LegFields.StateName(leg),
            "cid_name" or "initial_cid_name" => p.CallerName,
            "cid_num" or "initial_cid_num" => p.CallerNumber,
            "ip_addr" or "initial_ip_addr" => p.NetworkAddress,
            "dest" or "initial_dest" => p.Destination,
            "application" => leg.Application,
            "application_data" => leg.ApplicationData,
            "dialplan" or "initial_dialplan" => p.Dialplan,
            "context" or "initial_context" => p.Context,
            "read_codec" or "write_codec" => codec?.Name ?? "",
            "read_rate" or "write_rate" => codec?.RateHz.ToString(CultureInfo.InvariantCulture) ?? "",
            "read_bit_rate" or "write_bit_rate" => codec is null ? "" : codec.Value.Codec == Media.AudioCodec.L16 ? (codec.Value.RateHz * 16).ToString(CultureInfo.InvariantCulture) : "64000",
            "hostname" => core.Services.Globals["hostname"] ?? "",
            "presence_id" => leg.Variables["presence_id"] ?? "",
            "presence_data" => leg.Variables["presence_data"] ?? "",
            "accountcode" => leg.Variables["accountcode"] ?? "",
            "callstate" => LegFields.CallState(leg),
            "callee_name" or "sent_callee_name" => p.CalleeName,
            "callee_num" or "sent_callee_num" => p.CalleeNumber,
            "call_uuid" => leg.CallUuid,
            _ => "",
        };
    }

    private string[] RegistrationRow(Registration r) =>
    [
        r.Number, r.Domain, r.CallId, $"{r.Endpoint}/{r.Profile}/{r.Contact}", Epoch(r.Expires), r.Remote.Address.ToString(),
        r.Remote.Port.ToString(CultureInfo.InvariantCulture), r.Transport.ToString().ToLowerInvariant(), core.Services.Globals["hostname"] ?? "", "",
    ];

    private static string Epoch(DateTimeOffset time) => time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
}
