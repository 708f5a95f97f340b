#include "sternpost/survey/publication.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sternpost/dane/dane_lookup.hpp"
#include "sternpost/policy/record.hpp"
#include "sternpost/policy/tls_report_record.hpp"
#include "sternpost/survey/site.hpp"
#include "tests/survey/published.hpp"

namespace sternpost {
namespace {

using test::now;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Plan plan_for(const Published& seen, const Wish& wish = {}) {
    return plan(seen, survey_of(seen, now), wish, now);
}

std::vector<std::string> refused(const Plan& plan) {
    std::vector<std::string> codes;
    if (!plan)
        for (const Remark& reason : plan.error().reasons) codes.emplace_back(reason.code);
    return codes;
}

Wish wish_for(Mode mode) {
    Wish wish;
    wish.mode = mode;
    return wish;
}

TEST(Publication, ItBeginsWithTestingAndTheMxHostsByName) {
    const Plan made = plan_for(test::unpublished());
    ASSERT_TRUE(made);
    EXPECT_EQ(
        made->file,
        "version: STSv1\r\nmode: testing\r\nmx: a.example.com\r\nmx: b.example.com\r\nmax_age: 86400\r\n");
    EXPECT_EQ(made->id, "20261201T000000");
    EXPECT_TRUE(made->changes);
    EXPECT_THAT(zone_lines(*made),
                ElementsAre("_mta-sts.example.com. IN TXT \"v=STSv1; id=20261201T000000;\""));
}

TEST(Publication, WhatIsWrittenIsReadAgain) {
    for (const Mode mode : {Mode::none, Mode::testing, Mode::enforce}) {
        Wish wish = wish_for(mode);
        wish.rua = {"tls@example.com", "https://example.com/tls"};
        const Plan made = plan_for(test::unpublished(), wish);
        ASSERT_TRUE(made);
        const auto policy = read_policy(made->file);
        ASSERT_TRUE(policy);
        EXPECT_EQ(policy->mode, mode);
        EXPECT_EQ(policy->mx, made->policy.mx);
        EXPECT_EQ(policy->max_age, made->policy.max_age);
        const auto record = read_sts_record(std::vector{record_text(made->id)});
        ASSERT_TRUE(record && *record);
        EXPECT_EQ((*record)->id, made->id);
        const auto reports = read_tls_report_record(std::vector{tls_report_text(made->rua)});
        ASSERT_TRUE(reports && *reports);
        EXPECT_THAT((*reports)->rua, ElementsAre("mailto:tls@example.com", "https://example.com/tls"));
    }
}

TEST(Publication, ModeAndMaxAgeStayAsTheyAre) {
    const Published seen = test::published("testing", "1234");
    Wish wish;
    wish.mx = {"*.example.com"};
    const Plan same = plan_for(seen, wish);
    ASSERT_TRUE(same);
    EXPECT_FALSE(same->changes);
    EXPECT_EQ(same->id, "1");
    EXPECT_THAT(same->rua, ElementsAre("mailto:tls@example.com"));
    const Plan enforced = plan_for(seen, wish_for(Mode::enforce));
    ASSERT_TRUE(enforced);
    EXPECT_TRUE(enforced->changes);
    EXPECT_EQ(enforced->id, "20261201T000000");
    EXPECT_EQ(enforced->policy.max_age, std::chrono::hours(7 * 24));
}

TEST(Publication, AFileWithDoubtfulLinesIsReplaced) {
    Wish wish;
    wish.mx = {"*.example.com", "mx.example.net"};
    for (const auto& [end, changes] : {std::pair("mx: mx.example.net\r\n", false),
                                       {"mx: mx.example.net\r\n\r\n", true},
                                       {"mx: mx.example.net.\r\n", true}}) {
        Published seen = test::published();
        seen.policy = policy_layer(seen.policy.body + end);
        const Survey survey = survey_of(seen, test::now);
        EXPECT_EQ(std::ranges::count(survey.findings, "policy-doubtful", &Remark::code), changes ? 1 : 0)
            << end;
        const Plan made = plan(seen, survey, wish, test::now);
        ASSERT_TRUE(made) << end;
        EXPECT_EQ(made->changes, changes) << end;
        EXPECT_EQ(made->id, changes ? "20261201T000000" : "1") << end;
    }
}

// Announced, and its policy host is out of order.
Published unreadable() {
    Published seen = test::published();
    seen.policy = {};
    seen.policy_host.verdict = Verdict::bad;
    seen.policy_host.summary = "HTTP status 404 instead of 200";
    return seen;
}

Wish wish_after(const std::string& id, const std::string& max_age = "1234567") {
    Wish wish;
    wish.before = Edition{id, test::published("enforce", max_age).policy.body};
    return wish;
}

TEST(Publication, WhatCannotBeReadIsNotFollowedByTesting) {
    const Plan made = plan_for(unreadable());
    ASSERT_THAT(refused(made), ElementsAre("stage-unknown"));
    EXPECT_THAT(made.error().reasons[0].what, HasSubstr("404"));
    EXPECT_TRUE(plan_for(unreadable(), wish_for(Mode::enforce)));
    Published unusable = test::published();
    unusable.policy = policy_layer("version: STSv1\r\n");
    EXPECT_THAT(refused(plan_for(unusable)), ElementsAre("stage-unknown"));
}

TEST(Publication, WhatCannotBeReadStaysAsItWasBefore) {
    for (const std::string id : {"1", ""}) {
        const Plan made = plan_for(unreadable(), wish_after(id));
        ASSERT_TRUE(made);
        EXPECT_EQ(made->policy.mode, Mode::enforce);
        EXPECT_EQ(made->policy.max_age, std::chrono::seconds(1'234'567));
        EXPECT_TRUE(made->changes);
    }
    EXPECT_THAT(refused(plan_for(unreadable(), wish_after("another"))), ElementsAre("stage-unknown"));
    EXPECT_EQ(plan_for(test::published("testing"), wish_after("1"))->policy.mode, Mode::testing);
}

TEST(Publication, WhatWouldBreakIsRefused) {
    Published seen = test::published();
    Wish wish;
    wish.mx = {"a.example.com", "*", "192.0.2.1", "mx .example.com"};
    wish.max_age = std::chrono::seconds(60);
    wish.rua = {"ftp://example.com"};
    EXPECT_THAT(refused(plan_for(seen, wish)),
                ElementsAre("max-age", "mx-pattern", "mx-pattern", "mx-pattern", "mx-not-covered", "rua"));
    seen.mx.hosts[1].starttls = StarttlsReport();
    seen.mx.hosts[1].starttls->address = "192.0.2.1";
    seen.mx.hosts[1].starttls->failure = "it does not offer STARTTLS";
    EXPECT_THAT(refused(plan_for(seen)), ElementsAre("mx-without-tls"));
    EXPECT_TRUE(plan_for(seen, wish_for(Mode::none)));
    seen.mx.hosts[1].starttls->failure.clear();
    seen.mx.hosts[1].starttls->tls_version = "TLSv1.3";
    seen.mx.hosts[1].starttls->dane = StarttlsReport::Dane::fails;
    EXPECT_THAT(refused(plan_for(seen)), ElementsAre("mx-dane"));
}

TEST(Publication, WithoutMxHostsThereIsNone) {
    Published seen = test::unpublished();
    test::give_hosts(seen, {});
    EXPECT_THAT(refused(plan_for(seen)), ElementsAre("mx-none"));
    seen.record.verdict = Verdict::unknown;
    test::give_hosts(seen, {"a.example.com"});
    EXPECT_THAT(refused(plan_for(seen)), ElementsAre("stage-unknown"));
    EXPECT_TRUE(plan_for(seen, wish_for(Mode::testing)));
    seen = test::unpublished();
    test::give_hosts(seen, {});
    seen.mx.verdict = Verdict::unknown;
    EXPECT_EQ(plan_for(seen).error().code, Errc::temporary);
    test::give_hosts(seen, std::vector<std::string>(max_dane_hosts, "a.example.com"));
    EXPECT_THAT(refused(plan_for(seen)), ElementsAre("mx-many"));
}

TEST(Publication, LongTextsAreCutIntoStrings) {
    Publication made;
    made.domain = "example.com";
    made.id = "1";
    made.rua = {"https://example.com/" + std::string(300, 'a')};
    const std::string line = zone_lines(made).at(1);
    EXPECT_THAT(line, HasSubstr("aaa\" \"aaa"));
    EXPECT_EQ(line.find("\" \"") - line.find('"') - 1, 255U);
}

TEST(Publication, WhatToDoNextFitsTheStage) {
    const auto steps = [](const Published& seen, const Wish& wish, const std::optional<Policy>& before = {}) {
        const Plan made = plan_for(seen, wish);
        return next_steps(survey_of(seen, now), *made, before);
    };
    EXPECT_THAT(steps(test::unpublished(), {}), Contains(HasSubstr("two to four weeks")));
    EXPECT_THAT(steps(test::unpublished(), {}), Contains(HasSubstr("--rua mailto:tls@example.com")));
    EXPECT_THAT(steps(test::unpublished(), wish_for(Mode::enforce)), Contains(HasSubstr("--mode testing")));
    EXPECT_THAT(steps(test::published("testing"), {}), Contains(HasSubstr("--mode enforce --probe")));
    EXPECT_THAT(steps(test::published(), {}), Contains(HasSubstr("--max-age 30d")));
    Wish longer;
    longer.max_age = std::chrono::hours(30 * 24);
    EXPECT_THAT(steps(test::published(), longer), Not(Contains(HasSubstr("--max-age 30d"))));
    const auto former = survey_of(test::published("enforce", "1209600"), now).policy;
    EXPECT_THAT(steps(test::published("none"), {}, former), Contains(HasSubstr("for 14 days")));
    EXPECT_THAT(steps(test::published("none"), {}), Contains(HasSubstr("the longest max_age")));
}

TEST(Site, EachNamesHostAndRoot) {
    for (const WebServer server : {WebServer::nginx, WebServer::caddy, WebServer::apache}) {
        const std::string site = site_for(server, "example.com", "/srv/policy");
        EXPECT_THAT(site, HasSubstr("mta-sts.example.com"));
        EXPECT_THAT(site, HasSubstr("/srv/policy"));
        EXPECT_THAT(site, HasSubstr("text/plain"));
        EXPECT_THAT(site, Not(HasSubstr("DOMAIN")));
        EXPECT_THAT(site, Not(HasSubstr("ROOT\"")));
    }
}

}  // namespace
}  // namespace sternpost
