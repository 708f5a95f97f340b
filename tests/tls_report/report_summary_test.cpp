#include "sternpost/tls_report/report_summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "made_reports.hpp"
#include "sternpost/tls_report/result_type.hpp"

namespace sternpost {
namespace {

using test::report_of;
using Taken = ReportSummary::Taken;

const Day first = std::chrono::year(2026) / 11 / 1;
constexpr std::chrono::days day{1};

TEST(ReportSummary, SumsByKey) {
    ReportSummary summary({});
    EXPECT_EQ(summary.add(report_of(first, "A", 10, 1)), Taken::counted);
    EXPECT_EQ(summary.add(report_of(first + day, "A", 20, 2)), Taken::counted);
    EXPECT_EQ(summary.add(report_of(first, "B", 5)), Taken::counted);
    const DomainSummary& domain = summary.domains().at("example.com");
    EXPECT_EQ(domain.reports, 3U);
    EXPECT_EQ(domain.sessions.size(), 2U);
    const Sessions& of_a = domain.sessions.at({"A", "sts", Mode::testing, "mx1.example.com"});
    EXPECT_EQ(of_a.good, 30U);
    EXPECT_EQ(of_a.failed, 3U);
    EXPECT_EQ(domain.days.at(first).good, 15U);
    EXPECT_EQ(summary.first(), first);
    EXPECT_EQ(summary.last(), first + day);
    EXPECT_THAT(summary.senders(), testing::ElementsAre("A", "B"));
}

TEST(ReportSummary, AReportCountsOnce) {
    ReportSummary summary({});
    EXPECT_EQ(summary.add(report_of(first, "A", 10)), Taken::counted);
    EXPECT_EQ(summary.add(report_of(first, "A", 10)), Taken::duplicate);
    TlsReport other = report_of(first, "A", 10);
    other.end -= std::chrono::hours(1);
    EXPECT_EQ(summary.add(other), Taken::counted);
    other.policies[0].domain = "example.org";  // some senders give all reports of a day one id
    EXPECT_EQ(summary.add(other), Taken::counted);
}

TEST(ReportSummary, WithoutAnIdTheFiguresTell) {
    ReportSummary summary({});
    TlsReport report = report_of(first, "A", 10);
    report.id = "";
    EXPECT_EQ(summary.add(report), Taken::counted);
    EXPECT_EQ(summary.add(report), Taken::duplicate);
    report.policies[0].good = 11;
    EXPECT_EQ(summary.add(report), Taken::counted);
}

TEST(ReportSummary, FailuresHaveTheirTime) {
    ReportSummary summary({});
    TlsReport report = report_of(first + day, "A", 10, 5);
    report.policies[0].failures = {{"certificate-expired", "mx1.example.com", "192.0.2.1", "", 3}};
    summary.add(report);
    report.start = report.end = first;
    summary.add(report);
    const auto& failures = summary.domains().at("example.com").failures;
    const FailureCount& expired =
        failures.at({"certificate-expired", "mx1.example.com", "192.0.2.1", "A", ""});
    EXPECT_EQ(expired.sessions, 6U);
    EXPECT_EQ(expired.first, first);
    EXPECT_EQ(expired.last, first + day);
    const FailureCount& rest = failures.at({std::string(without_details), "", "", "A", ""});
    EXPECT_EQ(rest.sessions, 4U);
}

TEST(ReportSummary, TheNewestAndStrictestModeIsTheDomains) {
    ReportSummary summary({});
    summary.add(report_of(first + day, "A", 1, 0, Mode::testing));
    summary.add(report_of(first + day, "B", 1, 0, Mode::enforce));
    summary.add(report_of(first + day, "C", 1, 0, std::nullopt));
    summary.add(report_of(first, "A", 1, 0, Mode::none));
    const DomainSummary& domain = summary.domains().at("example.com");
    EXPECT_EQ(domain.mode_until(first + 9 * day), Mode::enforce);
    EXPECT_EQ(domain.mode_until(first), Mode::none);
    EXPECT_EQ(domain.mode_until(first - day), std::nullopt);
}

TEST(ReportSummary, TheFilterKeepsOut) {
    ReportSummary summary({first, first + day, {"example.com"}});
    EXPECT_EQ(summary.add(report_of(first - day, "A", 1)), Taken::filtered_out);
    EXPECT_EQ(summary.add(report_of(first + 2 * day, "A", 1)), Taken::filtered_out);
    TlsReport two = report_of(first, "A", 1);
    two.policies.push_back(two.policies[0]);
    two.policies[1].domain = "example.org";
    EXPECT_EQ(summary.add(two), Taken::counted);
    EXPECT_EQ(summary.domains().size(), 1U);
    two.policies.erase(two.policies.begin());
    EXPECT_EQ(summary.add(two), Taken::filtered_out);
}

TEST(ReportSummary, AReportWithoutPoliciesCounts) {
    ReportSummary summary({});
    TlsReport report = report_of(first, "A", 1);
    report.policies.clear();
    EXPECT_EQ(summary.add(report), Taken::counted);
    EXPECT_TRUE(summary.domains().empty());
}

TEST(ReportSummary, StrangersCannotFillTheMemory) {
    ReportSummary summary({});
    TlsReport report = report_of(first, "A", 0);
    report.policies[0].failures.resize(100);
    Taken taken = Taken::counted;
    for (int round = 0; round < 100 && taken == Taken::counted; ++round) {
        report.id = std::to_string(round);
        for (FailureDetail& detail : report.policies[0].failures)
            detail.reason = report.id + std::to_string(&detail - report.policies[0].failures.data()) +
                            std::string(max_summary_bytes / 1000, 'x');
        taken = summary.add(report);
    }
    EXPECT_EQ(taken, Taken::no_room);
}

TEST(Sessions, EndAtTheGreatestNumber) {
    Sessions sessions{std::numeric_limits<std::uint64_t>::max() - 1, 0};
    sessions += Sessions{5, 5};
    EXPECT_EQ(sessions.good, std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(sessions.all(), std::numeric_limits<std::uint64_t>::max());
}

TEST(Percent, SaysNoMoreThanItKnows) {
    EXPECT_EQ(percent(0), "0 %");
    EXPECT_EQ(percent(0.005), "0.5 %");
    EXPECT_EQ(percent(0.12345), "12.35 %");
    EXPECT_EQ(percent(0.0101), "1.01 %");
    EXPECT_EQ(percent(1), "100 %");
    EXPECT_EQ(percent(0.00001), "under 0.01 %");
}

}  // namespace
}  // namespace sternpost
