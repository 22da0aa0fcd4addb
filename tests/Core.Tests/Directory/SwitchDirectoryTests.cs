using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using XSwitchEngine.Core.Directory;

namespace XSwitchEngine.Core.Tests.Directory;

[UnsupportedOSPlatform("windows")]
public sealed class SwitchDirectoryTests : IDisposable
{
    private readonly TempDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void First_start_creates_users_1000_to_1019_and_admin_with_different_random_passwords()
    {
        using var directory = Open();
        var expected = Enumerable.Range(1000, 20).Select(n => $"{n}").Append("admin");
        Assert.Equal(expected, directory.CreatedUsers.Select(u => u.User.Number));
        Assert.Equal(21, directory.CreatedUsers.Select(u => u.Password).Distinct().Count());
        Assert.All(directory.CreatedUsers, u => Assert.Matches("^[a-zA-Z3-9]{16}$", u.Password));
        Assert.All(directory.CreatedUsers, u => Assert.DoesNotContain(u.Password, c => "0Oo1lI5S2Z".Contains(c)));
    }

    [Fact]
    public void A_later_start_creates_nothing_and_keeps_the_passwords()
    {
        string[] first;
        using (var directory = Open())
        {
            first = [.. directory.StoredUsers.Select(u => u.Password)];
        }

        using var again = Open();
        Assert.Empty(again.CreatedUsers);
        Assert.Equal(first, again.StoredUsers.Select(u => u.Password));
    }

    [Fact]
    public void The_database_is_readable_by_its_owner_only()
    {
        using var directory = Open();
        foreach (var file in System.IO.Directory.GetFiles(_data.Path))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public void Hashes_give_the_responses_of_RFC_7616()
    {
        // RFC 7616 §3.9.1: one request, with the password "Circle of Life".
        const string Middle = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v:00000001:f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ:auth";
        var md5 = DigestHash.Md5("Mufasa", "http-auth@example.org", "Circle of Life");
        var sha256 = DigestHash.Sha256("Mufasa", "http-auth@example.org", "Circle of Life");

        Assert.Equal("8ca523f5e9506fed4657c9700eebdbec", Hash(MD5.HashData, $"{md5}:{Middle}:{Hash(MD5.HashData, "GET:/dir/index.html")}"));
        Assert.Equal(
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            Hash(SHA256.HashData, $"{sha256}:{Middle}:{Hash(SHA256.HashData, "GET:/dir/index.html")}"));

        static string Hash(Func<byte[], byte[]> hash, string text) => Convert.ToHexStringLower(hash(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void A_new_domain_makes_the_hashes_again_from_the_passwords()
    {
        Open().Dispose();
        using var moved = Open(new EngineOptions { Domain = "example.org" });
        var user = moved.StoredUsers[0];
        Assert.Equal("example.org", user.User.Domain);
        Assert.Equal(DigestHash.Md5("1000", "example.org", user.Password), user.User.Ha1Md5);
        Assert.Equal(DigestHash.Sha256("1000", "example.org", user.Password), user.User.Ha1Sha256);
    }

    [Theory]
    [InlineData("xswitch.local", true)]
    [InlineData("XSWITCH.LOCAL", true)]
    [InlineData("xswitch.local.", true)]
    [InlineData("alias.example", true)]
    [InlineData("localhost", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.9.8.7", true)]
    [InlineData("::1", true)]
    [InlineData("[::1]", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("203.0.113.9", true)]
    [InlineData("203.0.113.90", false)]
    [InlineData("example.org", false)]
    [InlineData("notxswitch.local", false)]
    [InlineData("", false)]
    [InlineData("127.1", false)]
    [InlineData("2130706433", false)]
    [InlineData("[", false)]
    [InlineData("[]", false)]
    public void Local_domains_are_names_loopback_and_own_addresses(string domain, bool local)
    {
        using var directory = Open(new EngineOptions { DomainAliases = ["alias.example"], AdvertisedAddress = IPAddress.Parse("203.0.113.9") });
        Assert.Equal(local, directory.IsLocalDomain(domain));
        Assert.Equal(local, directory.FindUser("1000", domain) is not null);
    }

    [Fact]
    public void The_addresses_and_the_name_of_this_host_are_local()
    {
        using var directory = Open();
        Assert.True(directory.IsLocalDomain(Environment.MachineName));
        foreach (var address in System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => a.Address))
        {
            Assert.True(directory.IsLocalDomain(address.ToString()), address.ToString());
        }
    }

    [Fact]
    public void A_user_of_the_configuration_takes_the_place_of_one_of_the_database()
    {
        using var directory = Open(new EngineOptions
        {
            Users = { new UserOptions { Number = "1000", Password = "from-config", Context = "special" }, new UserOptions { Number = "2000", Password = "another-one", Permissions = ["sip"] } },
            Groups = { ["sales"] = ["2000"], ["new"] = ["1001", "2000"] },
        });
        Assert.Equal("special", directory.FindUser("1000", "localhost")!.Context);
        Assert.Equal(DigestHash.Md5("1000", directory.Domain, "from-config"), directory.FindUser("1000", "localhost")!.Ha1Md5);
        Assert.Equal("sip", directory.StoredUsers.Single(u => u.User.Number == "2000").Type);
        Assert.Equal(["2000"], directory.GroupMembers("sales"));
        Assert.Equal(["1001", "2000"], directory.GroupMembers("new"));
        Assert.Equal(["1005", "1006", "1007", "1008", "1009"], directory.GroupMembers("billing"));
        Assert.Empty(directory.GroupMembers("no such group"));
    }

    [Fact]
    public void A_reload_takes_users_in_and_out()
    {
        using var directory = Open(new EngineOptions { Users = { new UserOptions { Number = "2000", Password = "password-1" } } });
        directory.Reload(new EngineOptions { DataDirectory = _data.Path, Users = { new UserOptions { Number = "2001", Password = "password-2" } } });
        Assert.Null(directory.FindUser("2000", "localhost"));
        Assert.NotNull(directory.FindUser("2001", "localhost"));
        Assert.NotNull(directory.FindUser("1000", "localhost"));
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_by_name()
    {
        File.WriteAllText(_data.File(SwitchDirectory.FileName), new string('x', 5000));
        var refused = Assert.Throws<InvalidDataException>(() => Open());
        Assert.Contains(SwitchDirectory.FileName, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Users_can_be_read_while_an_engine_has_the_directory_open()
    {
        using var directory = Open();
        var read = SwitchDirectory.ReadUsers(new EngineOptions { DataDirectory = _data.Path });
        Assert.Equal(directory.StoredUsers.Select(u => (u.User.Number, u.Password)), read.Select(u => (u.User.Number, u.Password)));
    }

    [Fact]
    public void Reading_users_of_a_directory_without_a_database_makes_none()
    {
        Assert.Throws<FileNotFoundException>(() => SwitchDirectory.ReadUsers(new EngineOptions { DataDirectory = _data.Path }));
        Assert.Empty(System.IO.Directory.GetFiles(_data.Path));
    }

    private SwitchDirectory Open(EngineOptions? options = null)
    {
        options ??= new EngineOptions();
        options.DataDirectory = _data.Path;
        return SwitchDirectory.Open(options, TimeProvider.System, NullLogger<SwitchDirectory>.Instance);
    }
}
