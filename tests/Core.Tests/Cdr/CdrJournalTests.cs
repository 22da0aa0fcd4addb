using System.Net;
using System.Runtime.Versioning;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using XSwitchEngine.Core.Cdr;
using XSwitchEngine.Core.Tests.Directory;
using XSwitchEngine.Media;

namespace XSwitchEngine.Core.Tests.Cdr;

[UnsupportedOSPlatform("windows")]
public sealed class CdrJournalTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly TempDirectory _data = new();
    private readonly FakeTimeProvider _time = new(Start);

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task An_ended_leg_is_one_line_with_the_documented_fields()
    {
        var record = Record() with
        {
            AnswerTime = Start.AddSeconds(2.5),
            ProgressTime = Start.AddSeconds(1),
            EndTime = Start.AddSeconds(12.4),
            HangupCause = "NORMAL_CLEARING",
            Q850 = 16,
            ProtocolStatus = 200,
            HungUpBy = "peer",
            Codec = "PCMA",
            Media = new MediaStatistics(950, 1000, 152_000, 160_000, 50, 3, 1.234, 4.356, IPEndPoint.Parse("192.0.2.1:4000")),
            Recordings = ["/r/a.wav"],
            Variables = [KeyValuePair.Create("a", "1"), KeyValuePair.Create("b", "x\r\ny"), KeyValuePair.Create("a", "2")],
        };
        using (var journal = Open())
        {
            journal.Open(record with { EndTime = null });
            journal.Close(record);
            await journal.FlushAsync();
        }

        var cdr = JsonDocument.Parse(Assert.Single(Lines())).RootElement;
        Assert.Equal(record.Uuid, cdr.GetProperty("uuid").GetGuid());
        Assert.Equal("2026-03-01T12:00:02.500Z", cdr.GetProperty("answer_time").GetString());
        Assert.Equal("2026-03-01T12:00:12.400Z", cdr.GetProperty("end_time").GetString());
        Assert.Equal(12, cdr.GetProperty("duration").GetInt32());
        Assert.Equal(9, cdr.GetProperty("billsec").GetInt32());
        Assert.Equal("NORMAL_CLEARING", cdr.GetProperty("hangup_cause").GetString());
        Assert.Equal(16, cdr.GetProperty("q850").GetInt32());
        Assert.Equal(200, cdr.GetProperty("sip_status").GetInt32());
        Assert.Equal("peer", cdr.GetProperty("hung_up_by").GetString());
        Assert.Equal("PCMA", cdr.GetProperty("codec").GetString());
        Assert.Equal(5.0, cdr.GetProperty("loss_percent").GetDouble());
        Assert.Equal(4.36, cdr.GetProperty("mos").GetDouble());
        Assert.Equal("/r/a.wav", cdr.GetProperty("recordings")[0].GetString());
        Assert.Equal("2", cdr.GetProperty("variables").GetProperty("a").GetString());
        Assert.Equal("x\r\ny", cdr.GetProperty("variables").GetProperty("b").GetString());
    }

    [Fact]
    public async Task A_leg_that_was_open_when_the_engine_was_killed_is_reported_once_with_cause_CRASH()
    {
        var answered = Record() with { AnswerTime = Start.AddSeconds(1) };
        var ended = Record() with { EndTime = Start.AddSeconds(5), HangupCause = "USER_BUSY" };
        using var killed = Open();
        killed.Open(answered with { AnswerTime = null });
        killed.Open(answered);
        killed.Open(ended with { EndTime = null });
        killed.Close(ended);
        _time.Advance(TimeSpan.FromSeconds(31));
        await killed.FlushAsync();

        using var copy = Kill();
        for (var start = 0; start < 2; start++)
        {
            using (Open(copy.Path))
            {
            }
        }

        var records = Lines(copy.Path).Select(l => JsonDocument.Parse(l).RootElement).ToDictionary(r => r.GetProperty("uuid").GetGuid());
        Assert.Equal(2, records.Count);
        Assert.Equal("USER_BUSY", records[ended.Uuid].GetProperty("hangup_cause").GetString());
        var crash = records[answered.Uuid];
        Assert.Equal("CRASH", crash.GetProperty("hangup_cause").GetString());
        Assert.Equal("engine", crash.GetProperty("hung_up_by").GetString());
        Assert.Equal("sofia/internal/1000@h", crash.GetProperty("channel").GetString());
        Assert.Equal(31, crash.GetProperty("duration").GetInt32());
        Assert.Equal(30, crash.GetProperty("billsec").GetInt32());
    }

    [Fact]
    public async Task A_kill_between_the_record_and_its_journal_entry_does_not_report_twice()
    {
        var record = Record();
        using var killed = Open();
        killed.Open(record);
        await killed.FlushAsync();
        using var copy = Kill();
        killed.Close(record with { EndTime = Start.AddSeconds(1), HangupCause = "NORMAL_CLEARING" });
        await killed.FlushAsync();

        // The journal from before the end, the CDR file from after it.
        File.Copy(OnlyFile(_data.Path), Path.Combine(copy.Path, "cdr", Path.GetFileName(OnlyFile(_data.Path))));
        using (Open(copy.Path))
        {
        }

        Assert.Single(Lines(copy.Path));
    }

    [Fact]
    public async Task A_torn_last_line_of_the_journal_costs_only_itself()
    {
        using var killed = Open();
        killed.Open(Record());
        killed.Open(Record());
        await killed.FlushAsync();
        using var copy = Kill();
        var journal = Path.Combine(copy.Path, "cdr", "open.jsonl");
        var bytes = File.ReadAllBytes(journal);
        for (var cut = 1; cut < 200; cut += 7)
        {
            File.WriteAllBytes(journal, bytes[..^cut]);
            foreach (var old in CdrPaths(copy.Path))
            {
                File.Delete(old);
            }

            using (Open(copy.Path))
            {
            }

            // One byte less is the line feed only, so the record is whole.
            Assert.Equal(cut == 1 ? 2 : 1, Lines(copy.Path).Length);
        }
    }

    [Fact]
    public async Task A_torn_line_of_the_CDR_file_is_cut_off_and_its_leg_reported_from_the_journal()
    {
        var record = Record();
        using var killed = Open();
        killed.Open(record);
        await killed.FlushAsync();
        using var copy = Kill();
        var file = Path.Combine(copy.Path, "cdr", "cdr-20260301.jsonl");
        File.WriteAllText(file, $$"""
            {"uuid":"00000000-0000-0000-0000-000000000001"}
            {"uuid":"{{record.Uuid}}","call_u
            """);
        using (Open(copy.Path))
        {
        }

        Assert.Equal(
            ["00000000-0000-0000-0000-000000000001", record.Uuid.ToString()],
            Lines(copy.Path).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("uuid").GetString()));
    }

    [Fact]
    public async Task Records_go_to_the_file_of_the_day_on_which_the_leg_ended()
    {
        using (var journal = Open())
        {
            journal.Close(Record() with { EndTime = new DateTimeOffset(2026, 3, 1, 23, 59, 59, TimeSpan.Zero) });
            journal.Close(Record() with { EndTime = new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero) });
            await journal.FlushAsync();
        }

        Assert.Equal(["cdr-20260301.jsonl", "cdr-20260302.jsonl"], CdrPaths(_data.Path).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_rotated_file_is_left_alone_and_a_new_one_begun()
    {
        using var journal = Open();
        journal.Close(Record() with { EndTime = Start });
        await journal.FlushAsync();
        File.Move(OnlyFile(_data.Path), _data.File("rotated"));
        _time.Advance(TimeSpan.FromSeconds(5));
        journal.Close(Record() with { EndTime = Start });
        await journal.FlushAsync();
        Assert.Single(File.ReadAllLines(_data.File("rotated")));
        Assert.Single(Lines());
    }

    [Fact]
    public async Task The_journal_follows_the_number_of_open_legs_not_the_number_of_calls()
    {
        var stays = Record() with { CallerName = "stays open" };
        var big = new string('n', 4000);
        using var journal = Open();
        journal.Open(stays);
        for (var i = 0; i < 6000; i++)
        {
            var record = Record() with { CallerName = big };
            journal.Open(record);
            journal.Close(record with { CallerName = "", EndTime = Start });
            if (i % 500 == 0)
            {
                await journal.FlushAsync();
            }
        }

        await journal.FlushAsync();
        Assert.InRange(new FileInfo(Path.Combine(_data.Path, "cdr", "open.jsonl")).Length, 1, OpenRecords.CompactAt);

        using var copy = Kill();
        using (Open(copy.Path))
        {
        }

        Assert.Equal(stays.Uuid, JsonDocument.Parse(Lines(copy.Path).Single(l => l.Contains("CRASH", StringComparison.Ordinal))).RootElement.GetProperty("uuid").GetGuid());
        Assert.Equal(6001, Lines(copy.Path).Length);
    }

    [Fact]
    public async Task Text_that_is_no_Unicode_does_not_stop_the_journal()
    {
        using (var journal = Open())
        {
            journal.Close(Record() with { EndTime = Start, CallerName = "a\ud800b\0c", Variables = [KeyValuePair.Create("\udc00", "\ud83d")] });
            journal.Close(Record() with { EndTime = Start });
            await journal.FlushAsync();
        }

        Assert.Equal(2, Lines().Length);
        Assert.Equal("a\ufffdb\0c", JsonDocument.Parse(Lines()[0]).RootElement.GetProperty("caller_name").GetString());
    }

    [Fact]
    public void Files_are_readable_by_their_owner_only()
    {
        using (var journal = Open())
        {
            journal.Close(Record() with { EndTime = Start });
        }

        Assert.All(
            System.IO.Directory.GetFiles(_data.File("cdr")),
            f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
    }

    private static CdrRecord Record() => new(Guid.NewGuid(), "inbound", "sofia/internal/1000@h", Start) { Destination = "9196" };

    private static string[] CdrPaths(string data) => System.IO.Directory.GetFiles(Path.Combine(data, "cdr"), "cdr-*.jsonl");

    private static string OnlyFile(string data) => Assert.Single(CdrPaths(data));

    private static string[] Lines(string data) => File.ReadAllLines(OnlyFile(data));

    private string[] Lines() => Lines(_data.Path);

    private CdrJournal Open(string? data = null) => CdrJournal.Open(data ?? _data.Path, _time, NullLogger<CdrJournal>.Instance);

    // What a killed process leaves on the disk, with the time stamps that it had.
    private TempDirectory Kill()
    {
        var copy = new TempDirectory();
        System.IO.Directory.CreateDirectory(copy.File("cdr"));
        foreach (var file in System.IO.Directory.GetFiles(_data.File("cdr")))
        {
            var to = Path.Combine(copy.Path, "cdr", Path.GetFileName(file));
            File.Copy(file, to);
            File.SetLastWriteTimeUtc(to, File.GetLastWriteTimeUtc(file));
        }

        return copy;
    }
}
