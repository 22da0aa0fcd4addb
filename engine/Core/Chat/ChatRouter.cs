using XSwitchEngine.Abstractions;
using XSwitchEngine.Core.Calls;
using XSwitchEngine.Core.Calls.Api;
using XSwitchEngine.Core.Scripts;

namespace XSwitchEngine.Core.Chat;

/// <summary>Text messages between users: the chat plan decides, then every phone and page of the addressee gets them. Core loop only, except <see cref="Submit"/>.</summary>
/// <remarks>
/// At most <see cref="MostUnderWay"/> messages are under way; more are refused with 503. A message that a script forwards does not run through the chat plan again,
/// so that messages cannot go round in circles.
/// </remarks>
internal sealed class ChatRouter(CallCore core, ScriptRuns scripts)
{
    /// <summary>The script that decides.</summary>
    public const string PlanName = "chatplan.lua";

    /// <summary>Longest text in characters.</summary>
    public const int LongestText = 64 * 1024;

    /// <summary>Most messages under way at once.</summary>
    public const int MostUnderWay = 5000;

    private const int DeepestScripts = 5;

    /// <summary>Endpoints by the names of chat protocols.</summary>
    private static readonly Dictionary<string, string> Endpoints = new(StringComparer.OrdinalIgnoreCase) { ["sip"] = "sofia", ["verto"] = "verto.rtc" };

    private int _underWay;

    /// <summary>Delivers to a conference; false when there is none of that name. Set by the composition.</summary>
    public Func<string, TextMessage, bool> ToConference { get; set; } = static (_, _) => false;

    /// <summary>Messages whose way is not at its end.</summary>
    public int UnderWay => _underWay;

    public void AddTo(ApiTable api) => api.Add("chat", (text, _) => CommandAsync(text));

    /// <summary>Takes a message. Any thread.</summary>
    /// <param name="message">The message; its writer is who was authenticated.</param>
    /// <param name="onResult">Called once with status and reason, on the core loop.</param>
    public void Submit(TextMessage message, Action<int, string> onResult) => core.Services.Loop.Post(
        static s =>
        {
            var (router, message, onResult) = ((ChatRouter, TextMessage, Action<int, string>))s!;
            router.Take(message, onResult);
        },
        (this, message, onResult));

    private void Take(TextMessage message, Action<int, string> onResult)
    {
        if (message.To.Length == 0 || message.Text.Length == 0)
        {
            onResult(400, "a message needs an addressee and a text");
            return;
        }

        if (message.Text.Length > LongestText)
        {
            onResult(413, $"the message is longer than {LongestText} characters");
            return;
        }

        if (_underWay >= MostUnderWay)
        {
            onResult(503, "too many messages are under way");
            return;
        }

        _underWay++;
        Publish(message);
        Decide(message, PlanName, 0, (status, reason) =>
        {
            _underWay--;
            onResult(status, reason);
        });
    }

    private void Publish(TextMessage message)
    {
        if (core.Services.Events.IsWanted("MESSAGE"))
        {
            core.Announce.Custom("MESSAGE", "", ChatPlan.Headers(message), message.Text);
        }
    }

    private void Decide(TextMessage message, string script, int depth, Action<int, string> onResult)
    {
        var words = script.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || !core.Services.Scripts.Exists(words[0]))
        {
            if (depth > 0)
            {
                onResult(500, $"the chat plan names a script {script} that is not there");
                return;
            }

            Deliver(message, message.Headers.FirstOrDefault(h => h.Key == "dest_proto").Value ?? "", onResult);
            return;
        }

        scripts.Start(words[0], words[1..], null, ScriptKind.Chat, (_, end) =>
        {
            // A plan that fails lets nothing pass: it may be there to keep something out.
            if (!end.Succeeded)
            {
                onResult(500, "the chat plan failed");
                return;
            }

            CarryOut(message, ChatPlan.Read(message, end), depth, onResult);
        }, [.. ChatPlan.Headers(message), new("_body", message.Text)]);
    }

    private void CarryOut(TextMessage message, ChatPlan plan, int depth, Action<int, string> onResult)
    {
        foreach (var fired in plan.Fires)
        {
            Publish(fired);
        }

        foreach (var answer in plan.Answers)
        {
            var back = new TextMessage(message.To, message.From, message.ContentType, answer) { Protocol = message.Protocol };
            Deliver(back, "", static (_, _) => { });
        }

        if (plan.Scripts.Count > 0 && depth < DeepestScripts)
        {
            Decide(message, plan.Scripts[^1], depth + 1, onResult);
            return;
        }

        if (plan.Sends.Count == 0)
        {
            onResult(plan.Answers.Count > 0 ? 200 : 403, plan.Answers.Count > 0 ? "answered by the chat plan" : "dropped by the chat plan");
            return;
        }

        Several(plan.Sends.Count, onResult, (i, each) => Deliver(plan.Sends[i].Message, plan.Sends[i].Protocol, each));
    }

    /// <summary>Delivers to every contact of the addressee.</summary>
    private void Deliver(TextMessage message, string protocol, Action<int, string> onResult)
    {
        var (number, host) = ChatPlan.Split(message.To);
        if (protocol.Equals("conf", StringComparison.OrdinalIgnoreCase))
        {
            var found = ToConference(number, message);
            onResult(found ? 200 : 404, found ? "OK" : $"there is no conference {number}");
            return;
        }

        var endpoint = "";
        if (protocol.Length > 0 && !protocol.Equals("global", StringComparison.OrdinalIgnoreCase) && !Endpoints.TryGetValue(protocol, out endpoint))
        {
            onResult(404, $"there is no chat protocol {protocol}");
            return;
        }

        var domain = host.Length > 0 ? host : core.Services.Directory.Domain;
        if (core.Services.Directory.FindUser(number, domain) is not { } user)
        {
            onResult(404, $"there is no user {number}@{domain}");
            return;
        }

        var contacts = core.Services.Directory.Registrations(user).Where(r => endpoint!.Length == 0 || r.Endpoint == endpoint).ToList();
        if (contacts.Count == 0)
        {
            onResult(480, $"{number}@{domain} is not logged in");
            return;
        }

        Several(contacts.Count, onResult, (i, each) =>
        {
            var contact = contacts[i];
            if (!core.Services.Plugins.TryMessage(message, new DialTarget(contact.Endpoint, contact.Profile, contact.Contact, contact), OnLoop(each)))
            {
                each(503, $"nobody serves {contact.Endpoint}");
            }
        });
    }

    /// <summary>Brings a result of a plugin to the core loop.</summary>
    private Action<int, string> OnLoop(Action<int, string> onResult) => (status, reason) => core.Services.Loop.Post(
        static s =>
        {
            var (onResult, status, reason) = ((Action<int, string>, int, string))s!;
            onResult(status, reason);
        },
        (onResult, status, reason));

    /// <summary>Begins several deliveries and reports the best of their ends.</summary>
    private static void Several(int count, Action<int, string> onResult, Action<int, Action<int, string>> begin)
    {
        var left = count;
        (int Status, string Reason) best = (999, "");
        for (var i = 0; i < count; i++)
        {
            begin(i, (status, reason) =>
            {
                best = status < best.Status ? (status, reason) : best;
                if (--left == 0)
                {
                    onResult(best.Status, best.Reason);
                }
            });
        }
    }

    /// <summary><c>chat protocol|from|to|text[|type]</c>; protocol <c>global</c> is the chat plan's.</summary>
    private Task<string> CommandAsync(string text)
    {
        var parts = text.Split('|');
        if (parts.Length < 4)
        {
            return Task.FromResult("Invalid");
        }

        var hasType = parts.Length > 4 && parts[^1].Trim() is var last && last.Contains('/', StringComparison.Ordinal) && !last.Contains(' ', StringComparison.Ordinal);
        var body = string.Join('|', hasType ? parts[3..^1] : parts[3..]);
        var message = new TextMessage(Address(parts[1]), Address(parts[2]), hasType ? parts[^1].Trim() : "text/plain", body) { Protocol = "api" };
        var done = new TaskCompletionSource<string>();
        void Done(int status, string reason) => done.TrySetResult(status is >= 200 and < 300 ? "Sent" : "Error! Message Not Sent");
        if (parts[0].Trim() is var protocol && (protocol.Length == 0 || protocol.Equals("global", StringComparison.OrdinalIgnoreCase)))
        {
            Take(message, Done);
        }
        else
        {
            Publish(message);
            Deliver(message, protocol, Done);
        }

        return done.Task;
    }

    private string Address(string text) => text.Trim() is var address && address.Contains('@', StringComparison.Ordinal) ? address : address + "@" + core.Services.Directory.Domain;
}
