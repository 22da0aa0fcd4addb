using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using XSwitchEngine.Host.Service;

namespace XSwitchEngine.Host.Tests.Service;

[UnsupportedOSPlatform("windows")]
public sealed class ServiceTests : IDisposable
{
    private readonly TempDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void A_second_engine_on_one_data_directory_is_refused_with_the_process_of_the_first()
    {
        using (DataDirectory.Open(_data.Path))
        {
            var e = Assert.Throws<IOException>(() => DataDirectory.Open(_data.Path));
            Assert.Equal($"another engine is running with data directory {_data.Path} (process {Environment.ProcessId})", e.Message);
        }

        DataDirectory.Open(_data.Path).Dispose();
        Assert.False(File.Exists(_data.File(DataDirectory.PidFile)));
    }

    [Fact]
    public void A_new_data_directory_is_open_to_its_owner_only()
    {
        using var made = DataDirectory.Open(_data.File("new/data"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(made.Path));
    }

    [Theory]
    [InlineData("notify.sock", false)]
    [InlineData("xswitch-test-", true)]
    public void Systemd_is_told_as_sd_notify_does(string name, bool isAbstract)
    {
        var path = isAbstract ? $"{name}{Guid.NewGuid()}" : _data.File(name);
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + path : path));
        var notifier = new SystemdNotifier(isAbstract ? "@" + path : path, "30000000", NullLogger<SystemdNotifier>.Instance);

        notifier.Ready();
        notifier.Reloading();
        notifier.Alive();
        notifier.Stopping();

        Assert.Equal($"READY=1\nMAINPID={Environment.ProcessId}\n", Receive());
        Assert.Matches("^RELOADING=1\nMONOTONIC_USEC=[0-9]+\n$", Receive());
        Assert.Equal("WATCHDOG=1\n", Receive());
        Assert.StartsWith("STOPPING=1\n", Receive(), StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(15), notifier.WatchdogInterval);

        string Receive()
        {
            var buffer = new byte[256];
            return Encoding.UTF8.GetString(buffer, 0, systemd.Receive(buffer));
        }
    }

    [Fact]
    public void Without_systemd_nothing_is_told_and_nothing_fails()
    {
        var notifier = new SystemdNotifier(null, "30000000", NullLogger<SystemdNotifier>.Instance);
        notifier.Ready();
        Assert.Null(notifier.WatchdogInterval);
        new SystemdNotifier("/no/such/socket", null, NullLogger<SystemdNotifier>.Instance).Ready();
    }
}
