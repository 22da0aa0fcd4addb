using System.Text.Json;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Plugins.Verto.Legs;

/// <summary>Members that messages about calls have in common.</summary>
internal static class CallJson
{
    /// <summary>Name of the direction that the client shows.</summary>
    public static string Direction(VertoLeg leg) => leg.IsOutgoing ? "outbound" : "inbound";

    /// <summary><c>callID</c>, the first member of what concerns a call.</summary>
    public static void CallId(Utf8JsonWriter w, VertoLeg leg) => w.WriteString("callID"u8, leg.CallId);

    public static void CallAndAction(Utf8JsonWriter w, string callId, string action)
    {
        w.WriteString("callID"u8, callId);
        if (action.Length > 0)
        {
            w.WriteString("action"u8, action);
        }
    }

    /// <summary>The variables that scripts set for the page.</summary>
    public static void Variables(Utf8JsonWriter w, VertoLeg leg)
    {
        w.WriteStartObject("variables"u8);
        foreach (var (name, value) in leg.Variables.Where(v => v.Key.StartsWith("verto_svar_", StringComparison.Ordinal)))
        {
            w.WriteString(name, value);
        }

        w.WriteEndObject();
    }

    /// <summary>Who talks with whom (the caller fields of §5) and the headers that scripts set.</summary>
    public static void CallerFields(Utf8JsonWriter w, VertoLeg leg)
    {
        Field(w, "caller_id_name", leg.CallerName);
        Field(w, "caller_id_number", leg.CallerNumber);
        Field(w, "callee_id_name", leg.CalleeName);
        Field(w, "callee_id_number", leg.CalleeNumber);
        w.WriteString("display_direction"u8, Direction(leg));
        foreach (var (name, value) in leg.Variables.Where(v => v.Key.StartsWith("verto_h_", StringComparison.Ordinal)))
        {
            w.WriteString(name, value);
        }
    }

    /// <summary>Why a call ended.</summary>
    public static void Cause(Utf8JsonWriter w, HangupCause cause)
    {
        w.WriteNumber("causeCode"u8, (int)cause);
        w.WriteString("cause"u8, cause.Name());
    }

    private static void Field(Utf8JsonWriter w, string name, string value)
    {
        if (value.Length > 0)
        {
            w.WriteString(name, value);
        }
    }
}
