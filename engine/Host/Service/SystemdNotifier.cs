using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace XSwitchEngine.Host.Service;

/// <summary>Tells systemd how the service is (the protocol of <c>sd_notify(3)</c>); does nothing where there is no systemd.</summary>
internal sealed class SystemdNotifier
{
    private readonly string? _address;
    private readonly ILogger _logger;

    /// <summary>Makes a notifier.</summary>
    /// <param name="address">The variable <c>NOTIFY_SOCKET</c>, or null.</param>
    /// <param name="watchdogMicroseconds">The variable <c>WATCHDOG_USEC</c>, or null.</param>
    /// <param name="logger">Told when the socket does not answer.</param>
    public SystemdNotifier(string? address, string? watchdogMicroseconds, ILogger<SystemdNotifier> logger)
    {
        _address = string.IsNullOrEmpty(address) ? null : address;
        _logger = logger;
        WatchdogInterval = _address is not null && long.TryParse(watchdogMicroseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var us) && us > 0
            ? TimeSpan.FromMicroseconds(us / 2)
            : null;
    }

    /// <summary>How often <see cref="Alive"/> is to be called, half of what systemd allows; null when it does not watch.</summary>
    public TimeSpan? WatchdogInterval { get; }

    /// <summary>The service is started.</summary>
    public void Ready() => Send($"READY=1\nMAINPID={Environment.ProcessId}\n");

    /// <summary>The service ends.</summary>
    public void Stopping() => Send("STOPPING=1\nSTATUS=draining\n");

    /// <summary>The configuration is read again; <see cref="Ready"/> follows.</summary>
    public void Reloading() =>
        Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={Environment.TickCount64 * 1000}\n"));

    /// <summary>The core loop answered.</summary>
    public void Alive() => Send("WATCHDOG=1\n");

    private void Send(string message)
    {
        if (_address is null)
        {
            return;
        }

        try
        {
            // A name in the abstract space begins with @ in the variable and with a zero on the wire.
            var name = _address[0] == '@' ? "\0" + _address[1..] : _address;
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(name));
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            Log.NotNotified(_logger, e.Message);
        }
    }
}
