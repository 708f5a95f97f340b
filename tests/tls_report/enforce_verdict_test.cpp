#include "sternpost/tls_report/enforce_verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "made_reports.hpp"

namespace sternpost {
namespace {

using test::report_of;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

const Day first = std::chrono::year(2026) / 11 / 1;
constexpr std::chrono::days day{1};

// So many days from `first` on, by two senders.
ReportSummary good_days(int days, std::optional<Mode> mode = Mode::testing) {
    ReportSummary summary({});
    for (int i = 0; i < days; ++i) {
        summary.add(report_of(first + i * day, "A", 90, 0, mode));
        summary.add(report_of(first + i * day, "B", 10, 0, mode));
    }
    return summary;
}

EnforceVerdict verdict_of(const ReportSummary& summary) {
    return judge(summary.domains().at("example.com"), summary.last());
}

// The names of the criteria that are not met.
std::vector<std::string> unmet(const EnforceVerdict& verdict) {
    std::vector<std::string> names;
    for (const Criterion& criterion : verdict.criteria)
        if (!criterion.met) names.push_back(criterion.name);
    return names;
}

TEST(EnforceVerdict, AllCriteriaMet) {
    const EnforceVerdict verdict = verdict_of(good_days(14));
    EXPECT_EQ(verdict.stage, Stage::may_enforce);
    EXPECT_THAT(unmet(verdict), IsEmpty());
    EXPECT_THAT(verdict.advice, Contains(HasSubstr("mode: enforce")));
}

TEST(EnforceVerdict, ADayTooFew) {
    const EnforceVerdict verdict = verdict_of(good_days(13));
    EXPECT_EQ(verdict.stage, Stage::not_yet);
    EXPECT_THAT(unmet(verdict), testing::ElementsAre("days"));
    EXPECT_THAT(verdict.criteria[0].words, HasSubstr("on 13 of the last 28 days; at least 14"));
}

TEST(EnforceVerdict, DaysBeforeTheWindowDoNotCount) {
    ReportSummary summary = good_days(13);
    summary.add(report_of(first + 28 * day, "A", 1));
    summary.add(report_of(first + 28 * day, "B", 1));
    EXPECT_THAT(unmet(verdict_of(summary)), testing::ElementsAre("days"));
}

TEST(EnforceVerdict, DaysWithoutSessionsDoNotCount) {
    ReportSummary summary = good_days(13);
    summary.add(report_of(first + 13 * day, "C", 0));
    EXPECT_THAT(unmet(verdict_of(summary)), testing::ElementsAre("days"));
}

TEST(EnforceVerdict, OneSenderIsNotEnough) {
    ReportSummary summary({});
    for (int i = 0; i < 20; ++i) summary.add(report_of(first + i * day, "A", 10));
    EXPECT_THAT(unmet(verdict_of(summary)), testing::ElementsAre("senders"));
}

TEST(EnforceVerdict, FailuresUpToTheShare) {
    ReportSummary summary = good_days(14);  // 1400 sessions
    summary.add(report_of(first, "C", 593, 10));
    EXPECT_THAT(unmet(verdict_of(summary)), IsEmpty());
    summary.add(report_of(first + day, "C", 6, 1));
    const EnforceVerdict verdict = verdict_of(summary);
    EXPECT_THAT(unmet(verdict), testing::ElementsAre("failures"));
    EXPECT_THAT(verdict.advice, Contains(HasSubstr("Mend what fails, see above: without-details")));
}

TEST(EnforceVerdict, OldFailuresAreTakenToBeMended) {
    ReportSummary summary = good_days(20);
    summary.add(report_of(first, "C", 0, 1000));
    EXPECT_EQ(verdict_of(summary).stage, Stage::may_enforce);
}

TEST(EnforceVerdict, ASmallSenderMustNotBeCutOff) {
    ReportSummary summary = good_days(14);
    summary.add(report_of(first + day, "Small", 1, 2));
    const EnforceVerdict verdict = verdict_of(summary);
    EXPECT_THAT(unmet(verdict), testing::ElementsAre("cut-off"));
    EXPECT_THAT(verdict.criteria[3].words, HasSubstr("Small (2 of 3)"));
}

TEST(EnforceVerdict, OldReportsSayLess) {
    const ReportSummary summary = good_days(14);
    const DomainSummary& domain = summary.domains().at("example.com");
    EXPECT_EQ(judge(domain, summary.last() + 7 * day).stage, Stage::may_enforce);
    EXPECT_THAT(unmet(judge(domain, summary.last() + 8 * day)), testing::ElementsAre("fresh"));
}

TEST(EnforceVerdict, ReportsOfTheFutureProveNothing) {
    ReportSummary summary = good_days(14);
    const Day today = summary.last();
    summary.add(report_of(today + day, "A", 1));  // by a clock that is ahead
    summary.add(report_of(first + 2 * day, "C", 0, 100));
    summary.add(report_of(today + 400 * day, "D", 1'000'000, 0, Mode::enforce));
    const EnforceVerdict verdict = judge(summary.domains().at("example.com"), today);
    EXPECT_EQ(verdict.stage, Stage::not_yet);
    EXPECT_THAT(unmet(verdict), testing::ElementsAre("failures", "cut-off", "fresh"));
    EXPECT_THAT(verdict.criteria[4].words, HasSubstr("the newest report is of 2026-11-15"));
    EXPECT_THAT(verdict.criteria[4].words, HasSubstr("up to 2027-12-19, are of the future"));
    EXPECT_THAT(verdict.advice, Contains(HasSubstr("--until")));
}

TEST(EnforceVerdict, ReportsOfTheFutureAlone) {
    const ReportSummary summary = good_days(14, Mode::enforce);
    const EnforceVerdict verdict = judge(summary.domains().at("example.com"), first - 2 * day);
    EXPECT_EQ(verdict.stage, Stage::not_yet);
    EXPECT_THAT(unmet(verdict), testing::ElementsAre("days", "senders", "fresh"));
}

TEST(EnforceVerdict, InEnforce) {
    const EnforceVerdict good = verdict_of(good_days(1, Mode::enforce));
    EXPECT_EQ(good.stage, Stage::enforced);
    EXPECT_EQ(good.criteria.size(), 3U);
    ReportSummary summary = good_days(3, Mode::enforce);
    summary.add(report_of(first, "C", 0, 100, Mode::enforce));
    EXPECT_EQ(verdict_of(summary).stage, Stage::failing);
}

TEST(EnforceVerdict, OtherStages) {
    EXPECT_EQ(verdict_of(good_days(20, Mode::none)).stage, Stage::retiring);
    EXPECT_THAT(verdict_of(good_days(20, std::nullopt)).advice,
                Contains(HasSubstr("No report has the text")));
    ReportSummary summary({});
    TlsReport report = report_of(first, "A", 100);
    report.policies[0].type = "no-policy-found";
    summary.add(report);
    EXPECT_EQ(verdict_of(summary).stage, Stage::no_policy);
    EXPECT_THAT(verdict_of(summary).criteria, IsEmpty());
}

}  // namespace
}  // namespace sternpost
