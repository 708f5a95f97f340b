#include "sternpost/tls_report/tls_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "made_reports.hpp"
#include "sternpost/tls_report/date.hpp"
#include "sternpost/tls_report/result_type.hpp"
#include "tls_report/date_time.hpp"
#include "tls_report/report_name.hpp"

namespace sternpost {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string error_of(const std::string& json, const ReportOrigin& origin = {}) {
    const auto read = read_tls_report(json, origin);
    return read ? "no error" : read.error().detail;
}

// A report about one policy with what is given; "" leaves it out.
std::string with_policy(const std::string& policy) {
    return R"({"organization-name": "O", "report-id": "1", "date-range": {"start-datetime": "2026-11-01T00:00:00Z",
               "end-datetime": "2026-11-01T23:59:59Z"}, "policies": [)" +
           policy + "]}";
}

PolicyReport policy_of(const std::string& policy, const ReportOrigin& origin = {}) {
    const auto read = read_tls_report(with_policy(policy), origin);
    EXPECT_TRUE(read) << read.error().detail;
    return read ? read->policies.at(0) : PolicyReport();
}

TEST(TlsReport, IsReadWhole) {
    const auto report = read_tls_report(test::whole_report, {});
    ASSERT_TRUE(report) << report.error().detail;
    EXPECT_EQ(report->organization, "Company-X");
    EXPECT_EQ(report->id, "5065427c-23d3-47ca-b6e0-946ea0e8c4be");
    EXPECT_EQ(to_iso8601(report->start), "2026-11-01T00:00:00Z");
    EXPECT_EQ(to_iso8601(report->end), "2026-11-01T23:59:59Z");
    ASSERT_EQ(report->policies.size(), 2U);
    const PolicyReport& sts = report->policies[0];
    EXPECT_EQ(sts.type, "sts");
    EXPECT_EQ(sts.domain, "company-y.example");
    EXPECT_EQ(sts.mode, Mode::testing);
    EXPECT_THAT(sts.mx, ElementsAre("*.mail.company-y.example"));
    EXPECT_EQ(sts.good, 5326U);
    EXPECT_EQ(sts.failed, 303U);
    ASSERT_EQ(sts.failures.size(), 3U);
    EXPECT_EQ(sts.failures[1].result_type, "starttls-not-supported");
    EXPECT_EQ(sts.failures[1].mx_host, "mx2.mail.company-y.example");
    EXPECT_EQ(sts.failures[1].receiving_ip, "2001:db8::56");
    EXPECT_EQ(sts.failures[1].sessions, 200U);
    EXPECT_EQ(sts.failures[2].result_type, "quantum-flux");
    EXPECT_EQ(sts.failures[2].reason, "X509_V_ERR_PROXY");
    EXPECT_EQ(report->policies[1].type, "tlsa");
    EXPECT_EQ(report->policies[1].mode, std::nullopt);
    EXPECT_THAT(report->policies[1].failures, IsEmpty());
}

TEST(TlsReport, SessionsMayBeStrings) {
    const PolicyReport policy = policy_of(
        R"({"summary": {"total-successful-session-count": "17", "total-failure-session-count": 2.0}})");
    EXPECT_EQ(policy.good, 17U);
    EXPECT_EQ(policy.failed, 2U);
}

TEST(TlsReport, NumbersOfSessionsAreNotGuessed) {
    for (const std::string number : {"-1", "1.5", "\"many\"", "\"\"", "\"-3\"", "true", "[1]", "{}", "1e300",
                                     "1000000000001", "99999999999999999999", "\"12 \\u0007\""}) {
        const std::string error = error_of(
            with_policy(R"({"policy": {}, "summary": {"total-failure-session-count": )" + number + "}}"));
        EXPECT_THAT(error,
                    HasSubstr("policies[0].summary.total-failure-session-count is no number of sessions"))
            << number;
    }
    EXPECT_THAT(
        error_of(with_policy(R"({"failure-details": [{"failed-session-count": -1}]})")),
        HasSubstr("policies[0].failure-details[0].failed-session-count is no number of sessions: -1"));
}

TEST(TlsReport, WithoutASummaryTheDetailsAreSummed) {
    const PolicyReport policy =
        policy_of(R"({"failure-details": [{"failed-session-count": 3}, {"failed-session-count": "4"}, {}]})");
    EXPECT_EQ(policy.good, 0U);
    EXPECT_EQ(policy.failed, 7U);
    EXPECT_EQ(policy.failures[2].result_type, "type not told");
}

TEST(TlsReport, SingleValuesStandForLists) {
    const PolicyReport policy = policy_of(
        R"({"policy": {"policy-type": "STS", "policy-domain": "Example.COM.", "mx-host": "MX.example.com",
                       "policy-string": "version: STSv1\r\nmode: enforce \r\nmx: other.example.com\r\n"},
            "failure-details": {"result-type": "certificate-expired", "failed-session-count": 1}})");
    EXPECT_EQ(policy.type, "sts");
    EXPECT_EQ(policy.domain, "example.com");
    EXPECT_EQ(policy.mode, Mode::enforce);
    EXPECT_THAT(policy.mx, ElementsAre("mx.example.com"));
    EXPECT_EQ(policy.failures.size(), 1U);
}

TEST(TlsReport, HostsAreTakenFromThePolicysTextIfNeedBe) {
    EXPECT_THAT(
        policy_of(R"({"policy": {"policy-string": ["mx: a.example ", "mx:*.b.example", "mode: what"]}})").mx,
        ElementsAre("a.example", "*.b.example"));
    EXPECT_EQ(policy_of(R"({"policy": {"policy-string": ["mode: what"]}})").mode, std::nullopt);
}

TEST(TlsReport, NullIsMissing) {
    const PolicyReport policy = policy_of(
        R"({"policy": {"policy-type": null, "mx-host": null}, "summary": null, "failure-details": null})");
    EXPECT_EQ(policy.type, "type not told");
    EXPECT_THAT(policy.mx, IsEmpty());
    EXPECT_EQ(policy.failed, 0U);
}

TEST(TlsReport, WhatIsMissingIsTakenFromTheNameOfTheFile) {
    const ReportOrigin origin{"/var/reports/sender.example!example.com!1793491200!1793577599!001.json.gz", "",
                              ""};
    const auto report =
        read_tls_report(R"({"policies": [{"policy": {"policy-type": "no-policy-found"}}]})", origin);
    ASSERT_TRUE(report) << report.error().detail;
    EXPECT_EQ(report->organization, "sender.example");
    EXPECT_EQ(to_iso8601(report->start), "2026-11-01T00:00:00Z");
    EXPECT_EQ(to_iso8601(report->end), "2026-11-01T23:59:59Z");
    EXPECT_EQ(report->policies[0].domain, "example.com");
}

TEST(TlsReport, WhatTheMailSaysComesBeforeTheNameOfTheFile) {
    const ReportOrigin origin{"sender.example!example.com!1793491200!1793577599.json", "Example.org",
                              "submitter.example"};
    const auto report = read_tls_report(R"({"policies": {"policy": {}}})", origin);
    ASSERT_TRUE(report) << report.error().detail;
    EXPECT_EQ(report->organization, "submitter.example");
    EXPECT_EQ(report->policies[0].domain, "example.org");
}

TEST(TlsReport, WhatNobodySaysIsNotMadeUp) {
    EXPECT_EQ(policy_of("{}").domain, "");
    EXPECT_EQ(error_of(R"({"policies": []})"),
              "date-range.start-datetime is missing, and the name of the file has no time either");
    EXPECT_EQ(error_of(R"({"policies": [], "date-range": {"start-datetime": "yesterday"}})"),
              "date-range.start-datetime is no date and time");
    EXPECT_EQ(
        error_of(
            R"({"policies": [], "date-range": {"start-datetime": "2026-11-02", "end-datetime": "2026-11-01"}})"),
        "date-range ends before it begins");
}

TEST(TlsReport, OtherJsonIsNone) {
    EXPECT_EQ(error_of(R"({"name": "package"})"), "no TLS report: it has no \"policies\"");
    EXPECT_EQ(error_of("[1]"), "no TLS report: the JSON is no object");
    EXPECT_EQ(error_of(R"({"policies": [)"), "the JSON ends too early, at byte 14");
    EXPECT_EQ(error_of(R"({"policies": x})"), "no JSON from byte 14 on");
    EXPECT_THAT(error_of(R"({"policies": []} more)"), HasSubstr("no JSON from byte 18"));
    EXPECT_EQ(error_of(with_policy("7")), "policies[0] is no object");
    EXPECT_EQ(error_of(with_policy(R"({"failure-details": [true]})")),
              "policies[0].failure-details[0] is no object");
}

TEST(TlsReport, LimitsAreKept) {
    const std::string deep(max_report_depth + 1, '[');
    EXPECT_EQ(error_of("{\"a\": " + deep), "the JSON is nested deeper than 16");
    EXPECT_THAT(error_of(std::string(max_report_bytes + 1, ' ')), HasSubstr("longer than 16 MiB"));
    EXPECT_EQ(error_of("{\"a\": [0" + std::string(max_report_values, ',')),
              "the JSON has more than 1000000 values");
    std::string policies = "{}";
    for (std::size_t i = 0; i < max_report_policies; ++i) policies += ",{}";
    EXPECT_EQ(error_of(with_policy(policies)), "policies has more than 1000 entries");
    std::string details = "{}";
    for (std::size_t i = 0; i < max_report_failures; ++i) details += ",{}";
    EXPECT_EQ(error_of(with_policy("{\"failure-details\": [" + details + "]}")),
              "the report has more than 50000 failure-details");
}

TEST(TlsReport, LinesOfItsPoliciesAreCounted) {
    const std::string error = "the report has more than 50000 lines of policies";
    std::string lines, strings = "\"\"";
    for (std::size_t i = 0; i < max_report_lines; ++i) {
        lines += "mx: a\\n";
        strings += ",\"\"";
    }
    const auto policy = [](const std::string& name, const std::string& value) {
        return R"({"policy": {")" + name + R"(": [)" + value + "]}}";
    };
    EXPECT_THAT(policy_of(policy("policy-string", '"' + lines + '"')).mx, ElementsAre("a"));
    EXPECT_EQ(error_of(with_policy(policy("policy-string", '"' + lines + "mx: b\""))), error);
    EXPECT_EQ(error_of(with_policy(policy("policy-string", strings))), error);
    EXPECT_EQ(error_of(with_policy(policy("mx-host", strings))), error);
    EXPECT_EQ(
        error_of(with_policy(policy("policy-string", '"' + lines + '"') + "," + policy("mx-host", "\"a\""))),
        error);
}

TEST(TlsReport, OfManyHostsTheFirstAreKept) {
    std::string hosts = "\"a0\"";
    for (std::size_t i = 0; i <= max_policy_hosts; ++i) hosts += ",\"a" + std::to_string(i) + "\"";
    const auto mx = policy_of(R"({"policy": {"mx-host": [)" + hosts + "]}}").mx;
    EXPECT_EQ(mx.size(), max_policy_hosts);
    EXPECT_EQ(mx.back(), "a999");
}

TEST(TlsReport, TextsOfStrangersAreMadePrintableAndCut) {
    const auto report = read_tls_report(
        "\xEF\xBB\xBF{\"organization-name\": \"\\u001b[2J\xff\\u0007" + std::string(500, 'x') +
            "\", \"report-id\": 7, \"date-range\": {\"start-datetime\": \"2026-11-01\","
            "\"end-datetime\": \"2026-11-01 23:59:59.999+02:00\"}, \"policies\": []}",
        {});
    ASSERT_TRUE(report) << report.error().detail;
    EXPECT_THAT(report->organization, testing::StartsWith(R"(\x1b[2J\xff\x07xxx)"));
    EXPECT_EQ(report->organization.size(), max_report_text);
    EXPECT_EQ(report->id, "7");
    EXPECT_EQ(to_iso8601(report->end), "2026-11-01T21:59:59Z");
}

TEST(DateTime, AsSendersWriteIt) {
    const auto is = [](std::string_view text) {
        const auto time = read_date_time(text);
        return time ? to_iso8601(*time) : "none";
    };
    EXPECT_EQ(is("2026-11-01T08:09:10Z"), "2026-11-01T08:09:10Z");
    EXPECT_EQ(is("2026-11-01t08:09:10.123456z"), "2026-11-01T08:09:10Z");
    EXPECT_EQ(is(" 2026-11-01 08:09:10 "), "2026-11-01T08:09:10Z");
    EXPECT_EQ(is("2026-11-01T00:09:10+0130"), "2026-10-31T22:39:10Z");
    EXPECT_EQ(is("2026-11-01T23:09:10-05:00"), "2026-11-02T04:09:10Z");
    EXPECT_EQ(is("2026-11-01"), "2026-11-01T00:00:00Z");
    for (const std::string_view wrong :
         {"", "2026", "2026-13-01", "2026-02-30", "1969-12-31", "2026-11-01T", "2026-11-01T24:00:00Z",
          "2026-11-01T08:60:00Z", "2026-11-01T08:09", "2026-11-01T08:09:61Z", "2026-11-01T08:09:10X",
          "2026-11-01T08:09:10+25:00", "2026-11-01Z", "2026-11-01T08:09:10ZZ", "20261101", "+026-11-01"})
        EXPECT_EQ(is(wrong), "none") << wrong;
    EXPECT_EQ(to_date(*read_date("2026-11-26")), "2026-11-26");
    EXPECT_FALSE(read_date("2026-11-26T00:00:00Z"));
}

TEST(ReportName, IsOfRfc8460OrNone) {
    const auto name = read_report_name("mail.sender.example!example.com!1470013207!1470186007!001.json.gz");
    ASSERT_TRUE(name);
    EXPECT_EQ(name->sender, "mail.sender.example");
    EXPECT_EQ(name->domain, "example.com");
    for (const std::string_view wrong :
         {"report.json", "a!b!c", "a!example.com!x!1.json", "a!example.com!1!-1.json",
          "a!not a name!1!2.json", "a!example.com!1!99999999999999.json", "a!b!1!2!3!4.json"})
        EXPECT_FALSE(read_report_name(wrong)) << wrong;
    EXPECT_TRUE(is_named_like_a_report("X.JSON.GZ"));
    EXPECT_FALSE(is_named_like_a_report("google.com!example.com!1!2.xml.gz"));
}

TEST(ResultType, AllOfTheRfcAreExplained) {
    for (const std::string_view name :
         {"starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
          "certificate-not-trusted", "validation-failure", "tlsa-invalid", "dnssec-invalid", "dane-required",
          "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"}) {
        EXPECT_EQ(result_type(name).name, name);
        EXPECT_FALSE(result_type(name).remedy.empty());
    }
    EXPECT_TRUE(result_type("quantum-flux").name.empty());
    EXPECT_THAT(std::string(result_type("quantum-flux").meaning), HasSubstr("not in RFC 8460"));
}

}  // namespace
}  // namespace sternpost
