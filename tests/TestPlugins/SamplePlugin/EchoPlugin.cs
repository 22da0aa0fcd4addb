using System.Buffers;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.TestPlugins;

/// <summary>Sends back what comes, so that what is measured or attacked is the host alone.</summary>
internal sealed class EchoPlugin : IProtocolPlugin
{
    private IPluginHost _host = null!;

    public void Start(IPluginHost host, bool dryRun) => _host = host;

    public void Import(in ReadOnlySequence<byte> state)
    {
    }

    public void Export(IBufferWriter<byte> to)
    {
    }

    public void OnEvent(in TransportEvent e)
    {
        if (e.Kind == TransportEventKind.Datagram)
        {
            _host.SendDatagram(e.Listener, e.Remote!, e.Data.Span);
        }
        else if (e.Kind == TransportEventKind.Data)
        {
            _host.Send(e.Connection, e.Data.Span);
        }
    }

    public void Stop(bool replaced)
    {
    }
}
