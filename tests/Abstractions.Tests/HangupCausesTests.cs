namespace XSwitchEngine.Abstractions.Tests;

public sealed class HangupCausesTests
{
    // FreeSWITCH's causes as its users write them: Q.850 (05/98) table 1 up to 127, its own above.
    private const string Table = """
        NONE 0, UNALLOCATED_NUMBER 1, NO_ROUTE_TRANSIT_NET 2, NO_ROUTE_DESTINATION 3, CHANNEL_UNACCEPTABLE 6, CALL_AWARDED_DELIVERED 7, NORMAL_CLEARING 16, USER_BUSY 17,
        NO_USER_RESPONSE 18, NO_ANSWER 19, SUBSCRIBER_ABSENT 20, CALL_REJECTED 21, NUMBER_CHANGED 22, REDIRECTION_TO_NEW_DESTINATION 23, EXCHANGE_ROUTING_ERROR 25,
        DESTINATION_OUT_OF_ORDER 27, INVALID_NUMBER_FORMAT 28, FACILITY_REJECTED 29, RESPONSE_TO_STATUS_ENQUIRY 30, NORMAL_UNSPECIFIED 31, NORMAL_CIRCUIT_CONGESTION 34,
        NETWORK_OUT_OF_ORDER 38, NORMAL_TEMPORARY_FAILURE 41, SWITCH_CONGESTION 42, ACCESS_INFO_DISCARDED 43, REQUESTED_CHAN_UNAVAIL 44, PRE_EMPTED 45, FACILITY_NOT_SUBSCRIBED 50,
        OUTGOING_CALL_BARRED 52, INCOMING_CALL_BARRED 54, BEARERCAPABILITY_NOTAUTH 57, BEARERCAPABILITY_NOTAVAIL 58, SERVICE_UNAVAILABLE 63, BEARERCAPABILITY_NOTIMPL 65,
        CHAN_NOT_IMPLEMENTED 66, FACILITY_NOT_IMPLEMENTED 69, SERVICE_NOT_IMPLEMENTED 79, INVALID_CALL_REFERENCE 81, INCOMPATIBLE_DESTINATION 88, INVALID_MSG_UNSPECIFIED 95,
        MANDATORY_IE_MISSING 96, MESSAGE_TYPE_NONEXIST 97, WRONG_MESSAGE 98, IE_NONEXIST 99, INVALID_IE_CONTENTS 100, WRONG_CALL_STATE 101, RECOVERY_ON_TIMER_EXPIRE 102,
        MANDATORY_IE_LENGTH_ERROR 103, PROTOCOL_ERROR 111, INTERWORKING 127, SUCCESS 142, ORIGINATOR_CANCEL 487, CRASH 700, SYSTEM_SHUTDOWN 701, LOSE_RACE 702, MANAGER_REQUEST 703,
        BLIND_TRANSFER 800, ATTENDED_TRANSFER 801, ALLOTTED_TIMEOUT 802, USER_CHALLENGE 803, MEDIA_TIMEOUT 804, PICKED_OFF 805, USER_NOT_REGISTERED 806, PROGRESS_TIMEOUT 807,
        INVALID_GATEWAY 808, GATEWAY_DOWN 809, INVALID_URL 810, INVALID_PROFILE 811, NO_PICKUP 812, SRTP_READ_ERROR 813, BOWOUT 814, BUSY_EVERYWHERE 815, DECLINE 816,
        DOES_NOT_EXIST_ANYWHERE 817, NOT_ACCEPTABLE 818, UNWANTED 819, NO_IDENTITY 820, BAD_IDENTITY_INFO 821, UNSUPPORTED_CERTIFICATE 822, INVALID_IDENTITY 823, STALE_DATE 824, REJECT_ALL 825
        """;

    private static readonly (string Name, int Number)[] Causes =
        [.. Table.Split([',', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(e => e.Split(' ')).Select(e => (e[0], int.Parse(e[1])))];

    [Fact]
    public void Every_cause_has_its_name_and_number()
    {
        Assert.Equal(
            Causes.OrderBy(c => c.Number),
            Enum.GetValues<HangupCause>().Order().Select(c => (c.Name(), (int)c)));
    }

    [Fact]
    public void A_cause_is_read_by_name_in_any_case_and_by_number()
    {
        foreach (var (name, number) in Causes)
        {
            foreach (var text in new[] { name, name.ToLowerInvariant(), $" {name} ", $"{number}" })
            {
                Assert.True(HangupCauses.TryParse(text, out var cause), text);
                Assert.Equal(number, (int)cause);
            }
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("NO_SUCH_CAUSE")]
    [InlineData("4")]
    [InlineData("-1")]
    [InlineData("+16")]
    [InlineData("99999999999999999999")]
    public void An_unknown_text_is_normal_clearing(string? text)
    {
        Assert.False(HangupCauses.TryParse(text, out var cause));
        Assert.Equal(HangupCause.NormalClearing, cause);
    }

    [Fact]
    public void A_number_without_a_name_is_named_by_its_digits() => Assert.Equal("731", ((HangupCause)731).Name());

    [Fact]
    public void Q850_numbers_end_at_127_and_causes_beyond_report_normal_clearing()
    {
        foreach (var (_, number) in Causes)
        {
            Assert.Equal(number is >= 1 and <= 127 ? number : 16, ((HangupCause)number).Q850());
        }
    }

    // RFC 3398 §8.2.6.1 where it has a row; the others as FreeSWITCH answers.
    [Theory]
    [InlineData("UNALLOCATED_NUMBER", 404)]
    [InlineData("NO_ROUTE_TRANSIT_NET", 404)]
    [InlineData("NO_ROUTE_DESTINATION", 404)]
    [InlineData("USER_BUSY", 486)]
    [InlineData("NO_USER_RESPONSE", 408)]
    [InlineData("NO_ANSWER", 480)]
    [InlineData("SUBSCRIBER_ABSENT", 480)]
    [InlineData("CALL_REJECTED", 603)]
    [InlineData("NUMBER_CHANGED", 410)]
    [InlineData("REDIRECTION_TO_NEW_DESTINATION", 410)]
    [InlineData("DESTINATION_OUT_OF_ORDER", 502)]
    [InlineData("INVALID_NUMBER_FORMAT", 484)]
    [InlineData("FACILITY_REJECTED", 501)]
    [InlineData("NORMAL_UNSPECIFIED", 480)]
    [InlineData("NORMAL_CIRCUIT_CONGESTION", 503)]
    [InlineData("NORMAL_TEMPORARY_FAILURE", 503)]
    [InlineData("SWITCH_CONGESTION", 503)]
    [InlineData("INCOMING_CALL_BARRED", 403)]
    [InlineData("BEARERCAPABILITY_NOTAUTH", 403)]
    [InlineData("BEARERCAPABILITY_NOTIMPL", 488)]
    [InlineData("INCOMPATIBLE_DESTINATION", 488)]
    [InlineData("RECOVERY_ON_TIMER_EXPIRE", 504)]
    [InlineData("ORIGINATOR_CANCEL", 487)]
    public void A_cause_refuses_a_leg_with_its_SIP_status(string name, int status)
    {
        Assert.True(HangupCauses.TryParse(name, out var cause));
        Assert.Equal(status, cause.ToSipStatus());
    }

    // RFC 3398 §7.2.4.1, and 480, 503, 603 as FreeSWITCH reads them.
    [Theory]
    [InlineData(404, "UNALLOCATED_NUMBER")]
    [InlineData(410, "NUMBER_CHANGED")]
    [InlineData(408, "RECOVERY_ON_TIMER_EXPIRE")]
    [InlineData(504, "RECOVERY_ON_TIMER_EXPIRE")]
    [InlineData(403, "CALL_REJECTED")]
    [InlineData(603, "CALL_REJECTED")]
    [InlineData(480, "NO_USER_RESPONSE")]
    [InlineData(484, "INVALID_NUMBER_FORMAT")]
    [InlineData(486, "USER_BUSY")]
    [InlineData(600, "USER_BUSY")]
    [InlineData(488, "INCOMPATIBLE_DESTINATION")]
    [InlineData(500, "NORMAL_TEMPORARY_FAILURE")]
    [InlineData(503, "NORMAL_TEMPORARY_FAILURE")]
    [InlineData(487, "ORIGINATOR_CANCEL")]
    [InlineData(302, "REDIRECTION_TO_NEW_DESTINATION")]
    [InlineData(200, "NORMAL_CLEARING")]
    public void A_SIP_status_stands_for_its_cause(int status, string name) => Assert.Equal(name, HangupCauses.FromSipStatus(status).Name());

    [Fact]
    public void Every_cause_has_a_final_status_that_is_a_refusal()
    {
        foreach (var (_, number) in Causes)
        {
            Assert.InRange(((HangupCause)number).ToSipStatus(), 400, 699);
        }
    }

    [Fact]
    public void Every_refusal_has_a_named_cause()
    {
        for (var status = 300; status < 700; status++)
        {
            Assert.Contains(HangupCauses.FromSipStatus(status).Name(), Causes.Select(c => c.Name));
        }
    }
}
