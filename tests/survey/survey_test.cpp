// What is said of a domain that publishes this or that. Against real servers: tests/e2e/test_publish.py.
#include "sternpost/survey/survey.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/survey/published.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using test::now;
using test::published;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

auto is(Level level, std::string_view code) {
    return AllOf(Field(&Remark::level, level), Field(&Remark::code, code));
}

StarttlsReport good_server(WallTime end = now + 60 * 24h) {
    StarttlsReport report;
    report.address = "192.0.2.25";
    report.offered = true;
    report.tls_version = "TLSv1.3";
    report.chain = {test::certificate_until(end)};
    return report;
}

TEST(Survey, WhatIsInOrderHasNoFindings) {
    Published seen = published();
    for (MxHostSeen& host : seen.mx.hosts) host.starttls = good_server();
    const Survey survey = survey_of(seen, now);
    EXPECT_THAT(survey.findings, IsEmpty());
    EXPECT_EQ(worst(survey.findings), Level::note);
    EXPECT_EQ(survey.stage, PolicyStage::enforce);
    EXPECT_EQ(survey.edition.id, "1");
    EXPECT_EQ(survey.certificate_end, now + 60 * 24h);
    EXPECT_EQ(survey.mx_certificate_end, now + 60 * 24h);
    for (const Check check :
         {Check::record, Check::policy, Check::mx_covered, Check::mx_tls, Check::tls_reports})
        EXPECT_EQ(survey.check(check), true);
    EXPECT_EQ(survey.check(Check::id), std::nullopt);
}

TEST(Survey, TheStageIsThatOfWhatSendersCanUse) {
    EXPECT_EQ(survey_of(published("testing"), now).stage, PolicyStage::testing);
    EXPECT_EQ(survey_of(published("none"), now).stage, PolicyStage::retiring);
    EXPECT_EQ(survey_of(published("test"), now).stage, PolicyStage::unfinished);
    EXPECT_EQ(survey_of(test::unpublished(), now).stage, PolicyStage::nothing);
    Published seen = published();
    seen.record = record_layer(test::texts({}));
    EXPECT_EQ(survey_of(seen, now).stage, PolicyStage::unfinished);
    seen.record = record_layer(failure(Errc::temporary, "SERVFAIL"));
    EXPECT_EQ(survey_of(seen, now).stage, PolicyStage::unknown);
}

TEST(Survey, TheRecord) {
    Published seen = published();
    seen.record = record_layer(test::texts({"v=STSv1; id=1", "v=STSv1; id=2"}));
    EXPECT_THAT(survey_of(seen, now).findings, ElementsAre(is(Level::broken, "record-unusable")));
    EXPECT_EQ(survey_of(seen, now).check(Check::record), false);
    seen.record = record_layer(test::texts({}));
    EXPECT_THAT(survey_of(seen, now).findings, ElementsAre(is(Level::broken, "record-missing")));
    seen.record = record_layer(failure(Errc::temporary, "SERVFAIL"));
    EXPECT_THAT(survey_of(seen, now).findings, ElementsAre(is(Level::unknown, "record-unknown")));
    EXPECT_EQ(survey_of(seen, now).check(Check::record), std::nullopt);
}

TEST(Survey, WhenNoQuestionIsAnsweredTheResolverIsSuspectedFirst) {
    const auto remedy_is = [](auto text) { return testing::Each(Field(&Remark::remedy, text)); };
    Published seen = test::unpublished();
    seen.record = record_layer(failure(Errc::temporary, "SERVFAIL"));
    seen.policy_host.verdict = Verdict::unknown;
    seen.mx = MxLayer();
    seen.mx.verdict = Verdict::unknown;
    EXPECT_THAT(
        survey_of(seen, now).findings,
        testing::Contains(Field(&Remark::remedy, "look at the name servers of example.com")).Times(3));
    seen.tls_reports.verdict = Verdict::unknown;
    const std::vector<Remark> findings = survey_of(seen, now).findings;
    EXPECT_THAT(findings, testing::SizeIs(4));
    EXPECT_THAT(findings, remedy_is(testing::HasSubstr("whether this host's resolver answers")));
    // What is known of the policy host, the resolver has said.
    seen.policy_host.addresses = {"192.0.2.1"};
    EXPECT_THAT(survey_of(seen, now).findings,
                testing::Not(testing::Contains(Field(&Remark::remedy, testing::HasSubstr("resolver")))));
}

TEST(Survey, APolicyHostThatDoesNotAnswerIsBrokenAndOneWithoutDnsIsNotKnown) {
    Published seen = published();
    seen.policy = PolicyLayer();
    seen.policy_host.verdict = Verdict::unknown;
    seen.policy_host.summary = "no connection\x1b[2J";
    const Survey survey = survey_of(seen, now);
    EXPECT_THAT(survey.findings.front(), is(Level::broken, "policy-unreachable"));
    EXPECT_THAT(survey.findings.front().what, testing::HasSubstr("no connection\\x1b[2J"));
    EXPECT_EQ(survey.check(Check::policy), false);
    seen.policy_host.addresses.clear();
    EXPECT_EQ(survey_of(seen, now).check(Check::policy), std::nullopt);
    EXPECT_EQ(survey_of(seen, now).stage, PolicyStage::unknown);
}

TEST(Survey, ACertificateIsToHaveFourteenDays) {
    Published seen = published();
    seen.policy_host.fetch.chain = {test::certificate_until(now + certificate_near_its_end)};
    EXPECT_THAT(survey_of(seen, now).findings, IsEmpty());
    seen.policy_host.fetch.chain = {test::certificate_until(now + certificate_near_its_end - 1s)};
    EXPECT_THAT(survey_of(seen, now).findings, ElementsAre(is(Level::warning, "certificate-near-end")));
    seen = published();
    seen.mx.hosts[0].starttls = good_server();
    seen.mx.hosts[1].starttls = good_server(now + 13 * 24h);
    const Survey survey = survey_of(seen, now);
    EXPECT_THAT(survey.findings, ElementsAre(is(Level::warning, "mx-certificate-near-end")));
    EXPECT_EQ(survey.mx_certificate_end, now + 13 * 24h);
}

TEST(Survey, WhatKeepsMailAwayIsBrokenWhereItIsEnforced) {
    for (const auto& [mode, level] : {std::pair("enforce", Level::broken), {"testing", Level::warning}}) {
        Published seen = published(mode);
        test::give_hosts(seen, {"a.example.com", "mx.example.net"});
        seen.mx.hosts[0].starttls = good_server();
        seen.mx.hosts[0].starttls->chain_fault = "certificate has expired";
        seen.mx.hosts[1].starttls = good_server();
        seen.mx.hosts[1].starttls->tls_version.clear();
        seen.mx.hosts[1].starttls->failure = "it does not offer STARTTLS";
        const Survey survey = survey_of(seen, now);
        EXPECT_THAT(survey.findings, ElementsAre(is(level, "mx-not-covered"), is(level, "mx-certificate"),
                                                 is(level, "mx-without-tls")));
        EXPECT_EQ(survey.check(Check::mx_covered), false);
        EXPECT_EQ(survey.check(Check::mx_tls), false);
    }
}

TEST(Survey, TlsaRecordsThatDoNotMatchKeepMailAwayInAnyMode) {
    for (const auto* mode : {"enforce", "testing", "none"}) {
        Published seen = published(mode);
        seen.mx.hosts[0].starttls = good_server();
        seen.mx.hosts[0].starttls->dane = StarttlsReport::Dane::fails;
        seen.mx.hosts[1].starttls = good_server();
        seen.mx.hosts[1].starttls->dane = StarttlsReport::Dane::matches;
        const Survey survey = survey_of(seen, now);
        EXPECT_THAT(survey.findings, testing::Contains(is(Level::broken, "mx-dane")));
        EXPECT_EQ(worst(survey.findings), Level::broken);
        EXPECT_EQ(survey.check(Check::mx_tls), false);
    }
}

TEST(Survey, AMailServerThatIsNotReachedProvesNothing) {
    Published seen = published();
    seen.mx.hosts[0].starttls = StarttlsReport();
    EXPECT_THAT(survey_of(seen, now).findings, ElementsAre(is(Level::warning, "mx-unreachable")));
    EXPECT_EQ(survey_of(seen, now).check(Check::mx_tls), std::nullopt);
}

TEST(Survey, APatternForNobodyAndAShortMaxAgeAreTold) {
    Published seen = published("enforce", "86400");
    test::give_hosts(seen, {"mx.example.net"});
    EXPECT_THAT(survey_of(seen, now).findings,
                ElementsAre(is(Level::broken, "mx-not-covered"), is(Level::warning, "max-age-short"),
                            is(Level::note, "mx-pattern-unused")));
}

TEST(Survey, WhoRetiresNeedNotBeginToAskForTlsReports) {
    Published seen = published("none");
    seen.tls_reports = tls_report_layer(test::texts({}));
    EXPECT_THAT(survey_of(seen, now).findings, IsEmpty());
    EXPECT_EQ(survey_of(seen, now).check(Check::tls_reports), std::nullopt);
}

TEST(Survey, TlsReportsAreWanted) {
    Published seen = published();
    seen.tls_reports = tls_report_layer(test::texts({}));
    EXPECT_THAT(survey_of(seen, now).findings, ElementsAre(is(Level::warning, "tls-reports-missing")));
    seen.tls_reports = tls_report_layer(failure(Errc::temporary, "SERVFAIL"));
    EXPECT_THAT(survey_of(seen, now).findings, ElementsAre(is(Level::unknown, "tls-reports-unknown")));
}

TEST(Survey, AnotherTextWantsAnotherId) {
    const std::string other = "version: STSv1\nmode: testing\nmx: *.example.com\nmax_age: 604800\n";
    const std::string same = "max_age: 604800\nmx: *.example.com\nmode: enforce\nversion: STSv1\n";
    struct Case {
        Edition before;
        std::optional<bool> good;
        std::size_t findings;
    };
    const std::string turned = published().policy.body;
    for (const Case& one :
         {Case{{"1", turned}, true, 0}, Case{{"0", other}, true, 0}, Case{{"1", other}, false, 1},
          Case{{"", other}, std::nullopt, 1}, Case{{"", turned}, true, 0}, Case{{"1", same}, true, 0},
          Case{{"1", ""}, std::nullopt, 0}}) {
        Survey survey = survey_of(published(), now);
        compare(survey, one.before);
        EXPECT_EQ(survey.check(Check::id), one.good) << one.before.id << one.before.body;
        EXPECT_EQ(survey.findings.size(), one.findings);
    }
}

}  // namespace
}  // namespace sternpost
