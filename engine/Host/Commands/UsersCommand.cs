using System.Text;
using System.Text.Json;
using XSwitchEngine.Core.Directory;

namespace XSwitchEngine.Host.Commands;

/// <summary><c>xswitch users</c>: the users of a data directory with their passwords.</summary>
internal static class UsersCommand
{
    /// <summary>A table for people, or JSON.</summary>
    /// <param name="users">The users.</param>
    /// <param name="json">Whether as JSON.</param>
    /// <param name="output">Receives it.</param>
    public static void Print(IReadOnlyList<StoredUser> users, bool json, TextWriter output)
    {
        if (json)
        {
            output.WriteLine(ToJson(users));
            return;
        }

        output.WriteLine($"{"number",-10} {"password",-18} {"type",-7} permissions");
        foreach (var user in users)
        {
            output.WriteLine($"{user.User.Number,-10} {user.Password,-18} {user.Type,-7} {string.Join(' ', user.User.Permissions.Order(StringComparer.Ordinal))}");
        }
    }

    private static string ToJson(IReadOnlyList<StoredUser> users)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var user in users)
            {
                json.WriteStartObject();
                json.WriteString("number", user.User.Number);
                json.WriteString("password", user.Password);
                json.WriteString("ha1", user.User.Ha1Md5);
                json.WriteString("ha1_sha256", user.User.Ha1Sha256);
                json.WriteString("domain", user.User.Domain);
                json.WriteString("type", user.Type);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
