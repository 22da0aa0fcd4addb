using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Calls.Api;
using XSwitchEngine.Core.Calls.Apps;

namespace XSwitchEngine.Core.Conference;

/// <summary>Streams of one publisher that any number watch, forwarded without decoding: the applications <c>publish</c> and <c>watch</c>. Core loop only.</summary>
internal sealed class Streams(CallCore core)
{
    private readonly Dictionary<string, Place> _places = new(StringComparer.OrdinalIgnoreCase);
    private long _lastNumber;

    public void AddTo(ApplicationTable applications, ApiTable api)
    {
        applications.Add("publish", (control, name) => RunAsync(control, name, publishes: true));
        applications.Add("watch", (control, name) => RunAsync(control, name, publishes: false));
        api.Add("streams", _ => string.Concat(_places.Select(static p => $"{p.Key},{p.Value.Publisher?.Uuid ?? "-"},{p.Value.Viewers}\n")));
    }

    private async Task RunAsync(LegControl control, string data, bool publishes)
    {
        var (leg, name) = (control.Leg, data.Trim());
        if (name.Length is 0 or > 128)
        {
            return;
        }

        if (!_places.TryGetValue(name, out var place))
        {
            _places[name] = place = new Place(++_lastNumber);
        }

        place.Users++;
        try
        {
            // A viewer is answered with what the publisher sends: nothing is converted.
            if (core.Answer(leg, publishes ? null : place.Publisher?.Negotiated) && leg.Media.IsOpen)
            {
                await StayAsync(control, place, publishes);
            }
        }
        finally
        {
            if (--place.Users == 0)
            {
                _places.Remove(name);
            }
        }
    }

    private async Task StayAsync(LegControl control, Place place, bool publishes)
    {
        var leg = control.Leg;
        if (publishes)
        {
            place.Publisher = leg;
            core.Services.Media.Publish(leg.Media, place.Number);
        }
        else
        {
            place.Viewers++;
            core.Services.Media.Watch(leg.Media, place.Number);
        }

        try
        {
            while (control.MayGoOn && await control.ReceiveAsync() is not (Signal.Gone or Signal.Redirected or Signal.Break))
            {
                leg.Digits.Clear();
            }
        }
        finally
        {
            place.Viewers -= publishes ? 0 : 1;
            place.Publisher = place.Publisher == leg ? null : place.Publisher;
            if (leg.Media.IsOpen)
            {
                core.Services.Media.LeaveStream(leg.Media);
            }
        }
    }

    private sealed class Place(long number)
    {
        public long Number { get; } = number;

        public int Users { get; set; }

        public int Viewers { get; set; }

        public Leg? Publisher { get; set; }
    }
}
