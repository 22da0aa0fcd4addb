using XSwitchEngine.Abstractions;

namespace XSwitchEngine.Core.Calls;

/// <summary>Dials: makes outbound legs from a dial string, lets them ring, keeps the first that answers. Core loop only.</summary>
internal sealed class Originator(CallCore core)
{
    private readonly TargetResolver _resolver = new(core);

    /// <summary>What is asked of one originate.</summary>
    /// <param name="Dial">The dial string.</param>
    /// <param name="Caller">The leg on whose behalf it is done, with its operation; null for none.</param>
    public sealed record Request(DialString Dial, LegControl? Caller)
    {
        /// <summary>Seconds until it fails; null for variables and configuration.</summary>
        public int? TimeoutSeconds { get; init; }

        /// <summary>Shown when neither variables nor the caller say more.</summary>
        public string CallerName { get; init; } = "";

        /// <summary>Shown when neither variables nor the caller say more.</summary>
        public string CallerNumber { get; init; } = "";

        /// <summary>Whether early media ends the wait (originate from a script or the API without a caller).</summary>
        public bool EarlyMediaSucceeds { get; init; }
    }

    /// <summary>How it ended.</summary>
    /// <param name="Leg">The leg that answered, or null.</param>
    /// <param name="Cause"><see cref="HangupCause.Success"/>, or why nobody answered.</param>
    public readonly record struct Outcome(Leg? Leg, HangupCause Cause);

    /// <summary>Dials until somebody answers, everybody failed, the time is over or the caller is gone.</summary>
    /// <param name="request">What to dial.</param>
    public async Task<Outcome> OriginateAsync(Request request)
    {
        var cause = HangupCause.DestinationOutOfOrder;
        if (request.Dial.IsEnterprise)
        {
            // Independent parts ring at once: one attempt over all their first groups, then over the next ones.
            for (var i = 0; i < request.Dial.Parts.Max(p => p.Groups.Count); i++)
            {
                var targets = request.Dial.Parts.Where(p => p.Groups.Count > i).SelectMany(p => p.Groups[i].Select(t => (p.Variables, t))).ToList();
                var outcome = await RingAsync(request, targets);
                if (outcome.Leg is not null || outcome.Cause == HangupCause.OriginatorCancel)
                {
                    return outcome;
                }

                cause = outcome.Cause;
            }

            return new(null, cause);
        }

        var part = request.Dial.Parts[0];
        foreach (var group in part.Groups)
        {
            var outcome = await RingAsync(request, [.. group.Select(t => (part.Variables, t))]);
            if (outcome.Leg is not null || outcome.Cause == HangupCause.OriginatorCancel)
            {
                return outcome;
            }

            cause = outcome.Cause;
        }

        return new(null, cause);
    }

    private async Task<Outcome> RingAsync(Request request, List<(IReadOnlyList<KeyValuePair<string, string>> Shared, DialString.Target Target)> targets)
    {
        var attempt = new RingAttempt(core, request);
        try
        {
            foreach (var (shared, target) in targets)
            {
                var dials = _resolver.Resolve(target, shared, out var failure);
                foreach (var dial in dials)
                {
                    attempt.Add(dial);
                }

                attempt.Fail(failure);
            }

            return await attempt.RunAsync();
        }
        finally
        {
            attempt.EndLosers();
        }
    }
}
