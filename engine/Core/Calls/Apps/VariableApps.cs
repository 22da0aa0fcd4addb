namespace XSwitchEngine.Core.Calls.Apps;

/// <summary>Applications that set variables, log and fire events.</summary>
internal static class VariableApps
{
    public static void AddTo(ApplicationTable table, CallCore core)
    {
        table.Add("set", (c, data) => Do(() => Set(c.Leg, data)));
        table.Add("unset", (c, data) => Do(() => c.Leg.Variables.Set(data.Trim(), null)));
        table.Add("multiset", (c, data) => Do(() => Multiset(c.Leg, data)));
        table.Add("export", (c, data) => Do(() => Export(c.Leg, data)));
        table.Add("set_global", (_, data) => Do(() => SetGlobal(core, data)));
        table.Add("set_profile_var", (c, data) => Do(() => SetProfile(c.Leg, data)));
        table.Add("eval", (_, _) => Task.CompletedTask);
        table.Add("log", (c, data) => Do(() => WriteLog(core, c.Leg, data)));
        table.Add("info", (c, _) => Do(() => Info(core, c.Leg)));
        table.Add("event", (c, data) => Do(() => Fire(core, c.Leg, data)));
    }

    private static Task Do(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private static void Set(Leg leg, string data)
    {
        var equals = data.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0)
        {
            leg.Variables.Set(data[..equals].Trim(), Unquote(data[(equals + 1)..].Trim()));
        }
        else
        {
            leg.Variables.Set(data.Trim(), null);
        }
    }

    private static string Unquote(string text) => text.Length >= 2 && text[0] == '\'' && text[^1] == '\'' ? text[1..^1] : text;

    private static void Multiset(Leg leg, string data)
    {
        var items = data.StartsWith("^^", StringComparison.Ordinal) && data.Length > 3
            ? data[3..].Split(data[2])
            : [.. Arguments.Split(data)];
        foreach (var item in items)
        {
            Set(leg, item);
        }
    }

    private static void Export(Leg leg, string data)
    {
        var equals = data.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            return;
        }

        var name = data[..equals].Trim();
        leg.Variables.Set(name, data[(equals + 1)..].Trim());
        var exported = leg.Variables["export_vars"];
        if (exported is null || !exported.Split(',').Contains(name))
        {
            leg.Variables.Set("export_vars", exported is null ? name : exported + "," + name);
        }
    }

    private static void SetGlobal(CallCore core, string data)
    {
        var equals = data.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0)
        {
            core.Services.Globals.Set(data[..equals].Trim(), data[(equals + 1)..].Trim());
        }
    }

    private static void SetProfile(Leg leg, string data)
    {
        var equals = data.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            return;
        }

        var value = data[(equals + 1)..].Trim();
        var p = leg.Profile;
        leg.Profile = data[..equals].Trim().ToLowerInvariant() switch
        {
            "caller_id_name" => p with { CallerName = value },
            "caller_id_number" => p with { CallerNumber = value },
            "callee_id_name" => p with { CalleeName = value },
            "callee_id_number" => p with { CalleeNumber = value },
            "destination_number" => p with { Destination = value },
            "rdnis" => p with { Rdnis = value },
            "username" => p with { Username = value },
            _ => p,
        };
    }

    private static void WriteLog(CallCore core, Leg leg, string data)
    {
        var parts = Arguments.Split(data, 2);
        var level = LogLevels.Parse(parts.ElementAtOrDefault(0) ?? "");
        LogLevels.Write(core.Services.Log, level, leg.Uuid, "log", parts.ElementAtOrDefault(1) ?? "");
    }

    private static void Info(CallCore core, Leg leg)
    {
        foreach (var (name, value) in core.Announce.HeadersOf("CHANNEL_DATA", leg))
        {
            LogLevels.Write(core.Services.Log, 6, leg.Uuid, "info", $"{name}: [{value}]");
        }
    }

    private static void Fire(CallCore core, Leg leg, string data)
    {
        var name = "CUSTOM";
        var subclass = "";
        var headers = new List<KeyValuePair<string, string>> { new("Unique-ID", leg.Uuid), new("Channel-Name", leg.ChannelName) };
        foreach (var item in data.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = item.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                continue;
            }

            var (key, value) = (item[..equals].Trim(), item[(equals + 1)..].Trim());
            if (key.Equals("Event-Name", StringComparison.OrdinalIgnoreCase))
            {
                name = value.ToUpperInvariant();
            }
            else if (key.Equals("Event-Subclass", StringComparison.OrdinalIgnoreCase))
            {
                subclass = value;
            }
            else
            {
                headers.Add(new(key, value));
            }
        }

        core.Announce.Custom(name, subclass, headers, null);
    }
}
