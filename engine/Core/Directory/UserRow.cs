using System.Text.Json.Serialization;

namespace XSwitchEngine.Core.Directory;

/// <summary>A user as it stands in the database.</summary>
/// <param name="Number">User part of the address of record.</param>
/// <param name="Password">The password; empty when only hashes are known.</param>
/// <param name="Realm">The realm of the hashes.</param>
/// <param name="Ha1Md5">MD5 hash.</param>
/// <param name="Ha1Sha256">SHA-256 hash.</param>
internal sealed record UserRow(string Number, string Password, string Realm, string Ha1Md5, string Ha1Sha256)
{
    public string CallerIdName { get; init; } = "";

    public string CallerIdNumber { get; init; } = "";

    public string Context { get; init; } = "default";

    public Dictionary<string, string> Variables { get; init; } = [];

    public IReadOnlyList<string> Permissions { get; init; } = [];

    /// <summary>A user with its hashes made from the password.</summary>
    public static UserRow Create(string number, string password, string realm) =>
        new(number, password, realm, DigestHash.Md5(number, realm, password), DigestHash.Sha256(number, realm, password));

    /// <summary>The same user with hashes for a realm; unchanged when they are that already or the password is not known.</summary>
    public UserRow ForRealm(string realm) =>
        Realm == realm || Password.Length == 0
            ? this
            : this with { Realm = realm, Ha1Md5 = DigestHash.Md5(Number, realm, Password), Ha1Sha256 = DigestHash.Sha256(Number, realm, Password) };
}

/// <summary>Serialiser of the small JSON columns.</summary>
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class DirectoryJson : JsonSerializerContext;
