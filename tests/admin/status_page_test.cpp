#include "admin/status_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/chart.hpp"
#include "admin/html.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const WallTime now{std::chrono::seconds(1'796'000'000)};

class StatusPage : public testing::Test {
protected:
    StatusPage() {
        figures.policies.emplace();
        figures.dns.servers = {{"127.0.0.1:53", Validation::yes}};
        facts.now = now;
        facts.answering = true;
        facts.named.emplace();
    }

    static DomainRecord record(const std::string& domain, std::chrono::seconds left) {
        DomainRecord made;
        made.domain = domain;
        CachedPolicy cached;
        cached.policy.mode = Mode::enforce;
        cached.policy.max_age = 86'400s;
        cached.fetched = now - 86'400s + left;
        made.policy = cached;
        made.last_used = now - 90s;
        return made;
    }

    SocketmapFigures socketmap;
    AllFigures figures{socketmap, {}, {}, {}, {}, 0, std::nullopt, "1.2.3", now - 25h};
    StatusFacts facts{figures, {}, false, {}, std::nullopt, {}};
};

TEST_F(StatusPage, AllIsWell) {
    const std::string page = status_page(facts);
    EXPECT_THAT(troubles_of(facts), IsEmpty());
    EXPECT_THAT(page, HasSubstr("All is well"));
    EXPECT_THAT(page, HasSubstr("Up for 25&#160;h"));
    EXPECT_THAT(page, HasSubstr("DNS server 127.0.0.1:53"));
}

TEST_F(StatusPage, TroubleStandsAtTheTop) {
    facts.answering = false;
    figures.store.write_trouble = "disk <full>";
    figures.policies->ending = 2;
    figures.dns.servers.clear();
    EXPECT_THAT(troubles_of(facts),
                ElementsAre(HasSubstr("not answered"), HasSubstr("disk &lt;full&gt;"),
                            HasSubstr("2 policies that cannot be refreshed"), HasSubstr("no DNS server")));
    EXPECT_THAT(status_page(facts), HasSubstr("Needs attention"));
}

TEST_F(StatusPage, AResolverThatDoesNotValidateIsATroubleWhereDaneIsWanted) {
    figures.dns.servers = {{"127.0.0.1:53", Validation::no}, {"192.0.2.53:53", Validation::unknown}};
    EXPECT_THAT(troubles_of(facts), ElementsAre(HasSubstr("DANE is wanted, and no DNS server validates")));
    figures.dns.validation_wanted = false;
    EXPECT_THAT(troubles_of(facts), IsEmpty());
    figures.dns.validation_wanted = true;
    figures.dns.servers.back().validation = Validation::yes;
    EXPECT_THAT(troubles_of(facts), IsEmpty());
    figures.dns.servers = {{"127.0.0.1:53", Validation::unknown}};
    EXPECT_THAT(troubles_of(facts), IsEmpty());
}

TEST_F(StatusPage, DnsWithoutAnswersIsATroubleWhileItIsSo) {
    DnsHistory history;
    DnsFigures dns;
    const auto ask = [&](std::string_view outcome, int times) {
        for (int i = 0; i < times; ++i) dns.outcomes[1].add(outcome);
        facts.dns_lately = history.lately(dns);
    };
    ask("timeout", 3);
    EXPECT_THAT(troubles_of(facts), IsEmpty());
    ask("unreachable", 1);
    EXPECT_THAT(troubles_of(facts),
                ElementsAre("4 of the 4 DNS questions of the last minutes had no answer."));
    ask("found", 12);
    EXPECT_THAT(troubles_of(facts), IsEmpty());
    ask("refused", 1);
    EXPECT_THAT(troubles_of(facts), ElementsAre(HasSubstr("5 of the 17")));
    for (std::size_t minute = 0; minute < max_dns_minutes; ++minute) history.end_minute(dns);
    ask("found", 1);
    EXPECT_THAT(troubles_of(facts), IsEmpty());
}

TEST_F(StatusPage, AFleetThatCannotBeAskedIsATrouble) {
    figures.fleet.emplace().relay = "mx1.example.com";
    figures.fleet->trouble = "192.0.2.1:6379: <refused>";
    EXPECT_THAT(troubles_of(facts), ElementsAre(HasSubstr("192.0.2.1:6379: &lt;refused&gt;")));
    EXPECT_THAT(status_page(facts), HasSubstr("Fleet, as mx1.example.com"));
    figures.fleet->working = true;
    figures.fleet->server = "192.0.2.1:6379";
    EXPECT_THAT(troubles_of(facts), IsEmpty());
}

TEST_F(StatusPage, DomainsAreNamedWithReasons) {
    DomainRecord failing = record("failing.test", 3h);
    failing.failed = FailedFetch{"2", 4, now + 10min, "HTTP status 500"};
    failing.refresh_at = now + 10min;
    facts.named->failing = {failing};
    facts.named->ending = {failing, record("unused.test", 5h)};
    facts.named->decisions = {
        {now - 30s, "[relay.test]:587", "TEMP dane: no answer", "enforce policy"},
        {now - 1h, "good.test", "OK secure match=mx.test servername=hostname", "enforce policy"}};
    const std::string page = status_page(facts);
    for (const std::string words :
         {"failing.test", "HTTP status 500", "3&#160;h", "unused.test", "5&#160;h", "[relay.test]:587",
          "<b class=\"warn\">TEMP</b>", "dane: no answer", "<b class=\"good\">secure</b>"})
        EXPECT_THAT(page, HasSubstr(words));
    facts.named.reset();
    const std::string without = status_page(facts);
    for (const std::string name : {"failing.test", "unused.test", "relay.test", "good.test"})
        EXPECT_THAT(without, Not(HasSubstr(name)));
    EXPECT_THAT(without, HasSubstr("Names are told on loopback"));
}

TEST_F(StatusPage, WhatOthersWroteIsNoMarkup) {
    const std::string evil = "</td><script>alert('1')</script>&\"\x1b[2J\xff";
    DomainRecord failing = record(evil, 3h);
    failing.failed = FailedFetch{evil, 1, now, evil};
    facts.named->failing = facts.named->ending = {failing};
    facts.named->decisions = {{now, evil, "TEMP " + evil, evil}};
    figures.store.read_trouble = figures.store.write_trouble = evil;
    figures.dns.servers = {{evil, Validation::no}};
    const std::string page = status_page(facts);
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&#39;1&#39;)"));
    for (const char c : page) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
}

TEST(Html, NumbersAreGrouped) {
    EXPECT_EQ(html(std::uint64_t{7}), "7");
    EXPECT_EQ(html(std::uint64_t{123}), "123");
    EXPECT_EQ(html(std::uint64_t{1'234'567}), "1&#8239;234&#8239;567");
}

// The last hour

TEST(History, MinutesAreWhatWasCountedInThem) {
    SocketmapFigures socketmap;
    socketmap.note_answer("12:OK dane-only,", 1ms);
    History history(socketmap);
    EXPECT_EQ(history.minutes().size(), 1U);
    EXPECT_EQ(history.minutes().front().all(), 0U);
    socketmap.note_answer("9:NOTFOUND ,", 10us);
    socketmap.note_answer("9:NOTFOUND ,", 10us);
    history.end_minute();
    socketmap.note_answer("8:TEMP why,", 3s);
    const auto minutes = history.minutes();
    ASSERT_EQ(minutes.size(), 2U);
    EXPECT_THAT(minutes[0].by_kind, ElementsAre(0, 0, 2, 0, 0, 0));
    EXPECT_THAT(minutes[1].by_kind, ElementsAre(0, 0, 0, 1, 0, 0));
    for (std::size_t i = 0; i < max_minutes + 5; ++i) history.end_minute();
    EXPECT_EQ(history.minutes().size(), max_minutes + 1);
}

TEST(History, TimesAreTheClassesThatPartsDoNotExceed) {
    AnswerCounts counts;
    EXPECT_EQ(counts.time_class(0.5), counts.by_time.size());
    counts.by_time[0] = 98;
    counts.by_time[3] = 1;
    counts.by_time[11] = 1;
    EXPECT_EQ(counts.time_class(0.5), 0U);
    EXPECT_EQ(counts.time_class(0.99), 3U);
    EXPECT_EQ(counts.time_class(1.0), 11U);
    EXPECT_EQ(words_for_time_class(0), "&#8804;&#160;50&#160;&#181;s");
    EXPECT_EQ(words_for_time_class(3), "&#8804;&#160;10&#160;ms");
    EXPECT_EQ(words_for_time_class(11), "&gt;&#160;20&#160;s");
}

TEST(Chart, AnHourHasABarAMinute) {
    std::vector<AnswerCounts> minutes(max_minutes + 1);
    for (std::size_t i = 0; i < minutes.size(); ++i) {
        minutes[i].by_kind[0] = 10 + i;
        minutes[i].by_kind[5] = 1;
        minutes[i].by_time[1] = 10 + i;
        minutes[i].by_time[9] = 1;
    }
    const auto count = [](const std::string& text, const std::string& what) {
        std::size_t found = 0;
        for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
        return found;
    };
    const std::string answers = answers_chart(minutes);
    EXPECT_EQ(count(answers, "<rect class=\"secure\""), minutes.size());
    EXPECT_EQ(count(answers, "<rect class=\"other\""), minutes.size());
    EXPECT_THAT(answers, HasSubstr(">100</text>"));
    EXPECT_THAT(answers, HasSubstr("<title>60 min ago: 10 secure, 1 other</title>"));
    EXPECT_THAT(answers, HasSubstr("<title>this minute: 70 secure, 1 other</title>"));
    EXPECT_THAT(answers, Not(HasSubstr("=\"-")));
    const std::string times = times_chart(minutes);
    EXPECT_EQ(count(times, "<rect class=\"range\""), minutes.size());
    EXPECT_THAT(times, Not(HasSubstr("=\"-")));
    EXPECT_EQ(count(times_chart({}), "<rect"), 0U);
    EXPECT_EQ(count(answers_chart({AnswerCounts()}), "<rect"), 0U);
}

}  // namespace
}  // namespace sternpost
