using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using MessagePack;
using XSwitchEngine.Abstractions;

namespace Pong;

/// <summary>Answers each datagram with a word and a number; a new version goes on counting where the old one was.</summary>
public sealed class PongPlugin : IProtocolPlugin
{
    private IPluginHost _host = null!;
    private string _word = "";
    private long _count;

    /// <inheritdoc/>
    public void Start(IPluginHost host, bool dryRun)
    {
        _host = host;
        Configure(host.Options);
    }

    /// <inheritdoc/>
    public void Import(in ReadOnlySequence<byte> state)
    {
        var reader = new MessagePackReader(state);
        _count = reader.End ? 0 : reader.ReadInt64();
    }

    /// <inheritdoc/>
    public void Export(IBufferWriter<byte> to)
    {
        var writer = new MessagePackWriter(to);
        writer.Write(_count);
        writer.Flush();
    }

    /// <inheritdoc/>
    public void OnEvent(in TransportEvent e)
    {
        if (e.Kind == TransportEventKind.Datagram)
        {
            _count++;
            _host.SendDatagram(e.Listener, e.Remote!, Encoding.UTF8.GetBytes($"{_word} {_count}\n"));
            _host.Count("pongs");
        }
        else if (e.Kind == TransportEventKind.ApiCommand)
        {
            _host.CompleteApi(e.Key, $"{_count}\n");
        }
        else if (e.Kind == TransportEventKind.Configured)
        {
            Configure(e.Text!);
        }
    }

    /// <inheritdoc/>
    public void Stop(bool replaced)
    {
    }

    private void Configure(string options) => _word = (string?)JsonNode.Parse(options)?["word"] ?? "pong";
}
