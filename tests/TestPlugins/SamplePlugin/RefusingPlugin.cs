using System.Buffers;
using XSwitchEngine.Abstractions;

namespace XSwitchEngine.TestPlugins;

/// <summary>A version that passes the dry run and then throws when it is to take over the real state: the old one must stay as if nothing had been.</summary>
internal sealed class RefusingPlugin : IProtocolPlugin
{
    private bool _dryRun;

    public void Start(IPluginHost host, bool dryRun) => _dryRun = dryRun;

    public void Import(in ReadOnlySequence<byte> state)
    {
        if (!_dryRun)
        {
            throw new InvalidDataException("this version cannot read that state");
        }
    }

    public void Export(IBufferWriter<byte> to)
    {
    }

    public void OnEvent(in TransportEvent e)
    {
    }

    public void Stop(bool replaced)
    {
    }
}
