using System.Net.Sockets;
using System.Text;

namespace XSwitchEngine.Host.Control;

/// <summary>Where the control socket of a data directory is.</summary>
internal static class ControlSocket
{
    /// <summary>Name in the data directory.</summary>
    public const string FileName = "control.sock";

    // sun_path of sockaddr_un, with the zero at its end.
    private const int LongestPath = 107;

    /// <summary>The end point; a path that is too long for a socket is shortened by way of the working directory if that helps.</summary>
    /// <param name="dataDirectory">Absolute.</param>
    /// <exception cref="IOException">The path is too long either way.</exception>
    public static UnixDomainSocketEndPoint EndPoint(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, FileName);
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        var shorter = Encoding.UTF8.GetByteCount(path) <= LongestPath ? path : relative;
        if (Encoding.UTF8.GetByteCount(shorter) > LongestPath)
        {
            throw new IOException($"{path} is longer than the {LongestPath} bytes that a socket's name may have: choose a shorter data directory");
        }

        return new UnixDomainSocketEndPoint(shorter);
    }
}
