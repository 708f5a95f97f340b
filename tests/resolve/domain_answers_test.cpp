#include <gmock/gmock.h>

#include <thread>

#include "sternpost/answer/answer.hpp"
#include "sternpost/loop/lag.hpp"
#include "tests/resolve/answers_fixture.hpp"

namespace sternpost {
namespace {

// MTA-STS by itself.
class DomainAnswersTest : public AnswersTest {
protected:
    DomainAnswersTest() {
        dane = false;
        start();
    }
};

TEST_F(DomainAnswersTest, KnowsItsMapsByTheirExactNames) {
    for (const char* map : {"sts", "postfix", "QUERY", "sts-tlsrpt", "QUERYwithTLSRPT"})
        EXPECT_TRUE(answers->map(map)) << map;
    for (const char* map : {"", "STS", "query", "sts ", "sts-testing"})
        EXPECT_FALSE(answers->map(map)) << map;
}

TEST_F(DomainAnswersTest, NoRecordMeansNotFoundWithoutAGet) {  // #39
    EXPECT_EQ(ask("none.test"), not_found);
    EXPECT_EQ(fetches("none.test"), 0);
    EXPECT_FALSE(logged("info")) << "a domain without a record is no news";
}

TEST_F(DomainAnswersTest, EnforceIsAnsweredAndRemembered) {
    publish("good.test", "1", enforce("mail.good.test"));
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_TRUE(at_hand("good.test"));
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_EQ(txt_questions("good.test"), 1);
    EXPECT_EQ(fetches("good.test"), 1);
    EXPECT_TRUE(
        logged("info: policy good.test: mode=enforce id=1 mx=1 expires=2026-12-08T00:00:00Z source=https"));
}

TEST_F(DomainAnswersTest, EveryFormOfTheNextHopIsTheSameDomain) {  // #132, #135
    publish("good.test", "1", enforce("mail.good.test"));
    for (const char* key :
         {"good.test", "good.test.", "GOOD.test", "good.test:25", "[good.test]", "[good.test]:587"})
        EXPECT_EQ(ask(key), secure("mail.good.test")) << key;
    EXPECT_EQ(fetches("good.test"), 1);
}

TEST_F(DomainAnswersTest, TestingAndNoneAreNotEnforced) {  // #139, #140
    publish("testing.test", "1", "version: STSv1\nmode: testing\nmx: mail.x.test\nmax_age: 86400\n");
    publish("none.test", "1", "version: STSv1\nmode: none\nmax_age: 86400\n");
    EXPECT_EQ(ask("testing.test"), not_found);
    EXPECT_EQ(ask("none.test"), not_found);
    EXPECT_TRUE(logged("policy none.test: mode=none"));
}

TEST_F(DomainAnswersTest, FiftyEqualColdQuestionsShareOneFlight) {  // #69
    publish("good.test", "1", enforce("mail.good.test"));
    fetcher.gate.shut();
    std::vector<std::shared_ptr<Pending>> all;
    for (int i = 0; i < 50; ++i) all.push_back(begin("good.test"));
    settle();
    fetcher.gate.open();
    for (const auto& one : all) {
        test::run_until(io, [&] { return one->done; });
        EXPECT_EQ(*one->reply, secure("mail.good.test"));
    }
    EXPECT_EQ(txt_questions("good.test"), 1);
    EXPECT_EQ(fetches("good.test"), 1);
}

TEST_F(DomainAnswersTest, WhatCameWhileTheLoopStoodStillIsTakenIn) {
    options.deadline = 50ms;
    restart();
    publish("good.test", "1", enforce("mail.good.test"));
    fetcher.gate.shut();
    const auto pending = begin("good.test");
    settle();
    asio::steady_timer arrival(io, 2 * options.deadline);
    arrival.async_wait([this](boost::system::error_code) { fetcher.gate.open(); });
    std::this_thread::sleep_for(2 * options.deadline + longest_lag);
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(*pending->reply, secure("mail.good.test"));
}

TEST_F(DomainAnswersTest, WhatIsExpectedIsAnsweredAsEver) {
    publish("good.test", "1", enforce("mail.good.test"));
    const NextHop next_hop = *read_next_hop("good.test");
    answers->expect(next_hop);
    EXPECT_FALSE(at_hand("good.test")) << "nobody has asked yet";
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    answers->expect(next_hop);
    EXPECT_TRUE(at_hand("good.test"));
    EXPECT_EQ(txt_questions("good.test"), 1);
}

TEST_F(DomainAnswersTest, NothingIsAnsweredBeforeItIsOnDisk) {
    publish("good.test", "1", enforce("mail.good.test"));
    store.gate.shut();
    const auto pending = begin("good.test");
    settle();
    EXPECT_FALSE(pending->done);
    EXPECT_TRUE(store.records.empty());
    store.gate.open();
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(store.records.at("good.test").policy->body, enforce("mail.good.test"));
}

TEST_F(DomainAnswersTest, NorIsItWhenPatienceEnds) {
    options.deadline = 50ms;
    restart();
    publish("good.test", "1", enforce("mail.good.test"));
    fetcher.gate.shut();
    EXPECT_EQ(ask("good.test"), "41:TEMP policy of good.test is being fetched,");
    store.gate.shut();
    fetcher.gate.open();
    settle();
    const auto pending = begin("good.test");
    settle();
    EXPECT_FALSE(pending->done);
    store.gate.open();
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(*pending->reply, secure("mail.good.test"));
}

// A disk that hangs stops the resolve loop, and whoever asks is told all the same.
TEST_F(DomainAnswersTest, AResolveLoopThatStandsStillDefers) {
    asio::io_context stands_still(1);
    options.deadline = 50ms;
    DomainAnswers stuck(io.get_executor(), stands_still.get_executor(),
                        Sources{resolver, fetcher, store, clock, fleet}, options, rules(), memory_entries);
    std::string reply;
    int replies = 0;
    stuck.ask(stuck.map("sts").value(), *read_next_hop("good.test"), [&](const Reply& given) {
        reply = *given;
        ++replies;
    });
    test::run_until(
        io, [&] { return replies > 0; }, 20s);
    EXPECT_EQ(reply, "60:TEMP sternpostd's cache does not answer: does its disk hang?,");
    stands_still.run_for(100ms);
    settle();
    EXPECT_EQ(replies, 1) << "once";
    stuck.stop();
    stands_still.restart();
    stands_still.run_for(1s);
}

TEST_F(DomainAnswersTest, AResolveLoopThatStandsStillTakesNoKnownPolicyAway) {
    asio::io_context resolve_loop(1);
    options.deadline = 50ms;
    DomainAnswers stuck(io.get_executor(), resolve_loop.get_executor(),
                        Sources{resolver, fetcher, store, clock, fleet}, options, rules(), memory_entries);
    publish("good.test", "1", enforce("mail.good.test"));
    std::vector<std::string> replies;
    const auto ask = [&] {
        stuck.ask(stuck.map("sts").value(), *read_next_hop("good.test"),
                  [&](const Reply& given) { replies.emplace_back(*given); });
    };
    ask();
    resolve_loop.run_for(50ms);
    settle();
    ASSERT_THAT(replies, testing::ElementsAre(secure("mail.good.test")));
    clock.advance(options.recheck);
    ask();
    test::run_until(
        io, [&] { return replies.size() == 2; }, 20s);
    EXPECT_EQ(replies.back(), secure("mail.good.test"));
    stuck.stop();
    resolve_loop.restart();
    resolve_loop.run_for(1s);
}

TEST_F(DomainAnswersTest, AFullDiskDoesNotTakeTheAnswerAway) {
    publish("good.test", "1", enforce("mail.good.test"));
    store.full = true;
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_TRUE(logged("error: policy good.test: not on disk"));
    store.full = false;
    clock.advance(options.recheck + 1s);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_TRUE(store.records.contains("good.test")) << "written as soon as there is room";
}

TEST_F(DomainAnswersTest, ALastUseThatCannotBeWrittenIsTold) {
    publish("good.test", "1", enforce("mail.good.test"));
    ask("good.test");
    clock.advance(25h);
    restart();
    store.full = true;
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    settle();
    EXPECT_TRUE(logged("warning: policy good.test: not written to disk: the cache cannot be written"))
        << log.text();
}

TEST_F(DomainAnswersTest, TooManyDomainsAtOnceAreDeferred) {
    publish("good.test", "1", enforce("mail.good.test"));
    resolver.gate.shut();
    std::vector<std::shared_ptr<Pending>> waiting;
    for (std::size_t i = 0; i < max_flights; ++i) waiting.push_back(begin("d" + std::to_string(i) + ".test"));
    EXPECT_EQ(ask("good.test"), "67:TEMP sternpostd is overloaded: too many domains are being looked up,");
    EXPECT_EQ(test::run(io, answers->learn("good.test")).error().code, Errc::overloaded);
    resolver.gate.open();
    test::run_until(io, [&] { return waiting.back()->done; });
    settle();
    for (const auto& one : waiting) ASSERT_TRUE(one->done && *one->reply == not_found);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
}

TEST_F(DomainAnswersTest, TooManyDomainsAtOnceTakeNoKnownPolicyAway) {
    publish("good.test", "1", enforce("mail.good.test"));
    ask("good.test");
    clock.advance(options.recheck);
    resolver.gate.shut();
    std::vector<std::shared_ptr<Pending>> waiting;
    for (std::size_t i = 0; i < max_flights; ++i) waiting.push_back(begin("d" + std::to_string(i) + ".test"));
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    resolver.gate.open();
    test::run_until(io, [&] { return waiting.back()->done; });
    settle();
}

TEST_F(DomainAnswersTest, ADiskThatCannotBeReadDefers) {
    store.unreadable = true;
    EXPECT_NE(ask("none.test").find("TEMP the cache of none.test cannot be read"), std::string::npos);
    store.unreadable = false;
    EXPECT_EQ(ask("none.test"), not_found);
}

TEST_F(DomainAnswersTest, ADiskThatCannotBeReadAsksNoPolicyHostAtEachQuestion) {
    publish("good.test", "1", enforce("mail.good.test"));
    break_policy_host("good.test");
    store.unreadable = true;
    for (int i = 0; i < 3; ++i)
        EXPECT_NE(ask("good.test").find("TEMP the cache of good.test cannot be read"), std::string::npos);
    EXPECT_EQ(fetches("good.test"), 1);
    EXPECT_EQ(txt_questions("good.test"), 1);
    store.unreadable = false;
    EXPECT_EQ(ask("good.test"), not_found);
    EXPECT_EQ(fetches("good.test"), 1);
    settle();
    EXPECT_TRUE(store.records.at("good.test").failed) << "what was learnt meanwhile";
}

// Neither by a failure nor by anything else that was learnt while the disk could not be read.
TEST_F(DomainAnswersTest, ADiskThatCannotBeReadForAMomentLosesNoPolicy) {
    publish("good.test", "1", enforce("mail.good.test"));
    ask("good.test");
    break_policy_host("good.test");
    restart();
    store.unreadable = true;
    fetcher.gate.shut();
    const auto pending = begin("good.test");
    settle();
    store.unreadable = false;
    fetcher.gate.open();
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(*pending->reply, secure("mail.good.test"));
    EXPECT_TRUE(store.records.at("good.test").policy);
    EXPECT_TRUE(store.records.at("good.test").failed);
    restart();
    store.unreadable = true;
    EXPECT_NE(ask("good.test").find("TEMP the cache of good.test cannot be read"), std::string::npos);
    store.unreadable = false;
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
}

TEST_F(DomainAnswersTest, SurvivesARestartWithEverythingElseDead) {  // #110, #125
    publish("good.test", "1", enforce("mail.good.test", 1000));
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    break_txt("good.test");
    break_policy_host("good.test");
    restart();
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_TRUE(logged("source=cache"));
    clock.advance(999s);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    clock.advance(2s);
    EXPECT_EQ(ask("good.test"), not_found) << "max_age is over";
}

TEST_F(DomainAnswersTest, AnEqualIdDoesNotProlongThePolicy) {  // #109
    publish("good.test", "1", enforce("mail.good.test", 1000));
    ask("good.test");
    for (int i = 0; i < 3; ++i) {
        clock.advance(330s);
        EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    }
    EXPECT_EQ(fetches("good.test"), 1);
    clock.advance(11s);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_EQ(fetches("good.test"), 2) << "expired, so it is discovered anew";
}

TEST_F(DomainAnswersTest, AnyOtherIdBringsTheNewPolicy) {  // #111, #113, #114, #22
    publish("good.test", "A1", enforce("old.good.test"));
    ask("good.test");
    for (const char* id : {"a1", "A1", "0"}) {
        publish("good.test", id,
                enforce(std::string("mx-") + (id[0] == 'A' ? "big" : "small") + ".good.test"));
        clock.advance(options.recheck);
        EXPECT_EQ(ask("good.test"), secure(id[0] == 'A' ? "mx-big.good.test" : "mx-small.good.test")) << id;
    }
    EXPECT_EQ(fetches("good.test"), 4);
}

TEST_F(DomainAnswersTest, AShorterOrWeakerNewPolicyReplacesEverything) {  // #111, #120
    publish("good.test", "1", enforce("mail.good.test"));
    ask("good.test");
    publish("good.test", "2", "version: STSv1\nmode: none\nmax_age: 300\n");
    clock.advance(options.recheck);
    EXPECT_EQ(ask("good.test"), not_found);
}

TEST_F(DomainAnswersTest, ANewIdWithoutAPolicyKeepsTheOldOneAndItsExpiry) {  // #112, #67
    publish("good.test", "1", enforce("mail.good.test", 1000));
    ask("good.test");
    publish_id("good.test", "2");
    break_policy_host("good.test");
    clock.advance(options.recheck);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_EQ(fetches("good.test"), 2);
    EXPECT_TRUE(logged("the known policy stays in force until 2026-12-01T00:16:40Z"));
    fetcher.bodies.insert_or_assign("mta-sts.good.test", enforce("*") /* no valid pattern */);
    clock.advance(options.retry);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    settle();
    EXPECT_EQ(fetches("good.test"), 3);
    clock.advance(400s);
    EXPECT_EQ(ask("good.test"), not_found);
}

TEST_F(DomainAnswersTest, ALostOrUnusableRecordDoesNotEndAPolicy) {  // #31, #116, #121
    publish("good.test", "1", enforce("mail.good.test"));
    ask("good.test");
    const std::vector<std::vector<std::string>> records{
        {}, {"v=spf1 -all"}, {"v=STSv1; id=1", "v=STSv1; id=2"}, {"v=STSv1; id=bad-id"}, {"v=STSv1;"}};
    for (const auto& texts : records) {
        publish_txt("good.test", texts);
        clock.advance(options.recheck);
        EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    }
    break_txt("good.test");
    clock.advance(options.recheck);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_EQ(fetches("good.test"), 1);
}

TEST_F(DomainAnswersTest, AFailedFetchIsNotFoundAndNotTriedAgainTooSoon) {  // #64, #65, #66, #194
    publish("bad.test", "1", "garbage");
    EXPECT_EQ(ask("bad.test"), not_found);
    EXPECT_TRUE(logged("warning: policy bad.test: id=1 not fetched: the policy file is not valid: line 1"));
    for (int i = 0; i < 29; ++i) {
        clock.advance(10s);
        EXPECT_EQ(ask("bad.test"), not_found);
    }
    EXPECT_EQ(fetches("bad.test"), 1);
    clock.advance(11s);
    fetcher.gate.shut();
    EXPECT_EQ(ask("bad.test"), not_found) << "the next try runs behind the answer";
    settle();
    EXPECT_EQ(fetches("bad.test"), 2);
    EXPECT_EQ(ask("bad.test"), not_found) << "and so do questions while it runs";
    fetcher.gate.open();
    settle();
    clock.advance(400s);
    ask("bad.test");
    EXPECT_EQ(fetches("bad.test"), 2) << "the back-off doubles";
    fetcher.bodies.insert_or_assign("mta-sts.bad.test", enforce("mail.bad.test"));
    clock.advance(300s);
    ask("bad.test");
    settle();
    EXPECT_EQ(ask("bad.test"), secure("mail.bad.test"));
}

TEST_F(DomainAnswersTest, ANewIdEarnsAnEarlyTry) {  // #64
    publish("bad.test", "1", "garbage");
    options.min_ttl = 1s;
    options.recheck = 1s;
    restart();
    EXPECT_EQ(ask("bad.test"), not_found);
    publish("bad.test", "2", enforce("mail.bad.test"));
    clock.advance(30s);
    EXPECT_EQ(ask("bad.test"), not_found) << "within min-interval";
    EXPECT_EQ(fetches("bad.test"), 1);
    clock.advance(31s);
    EXPECT_EQ(ask("bad.test"), secure("mail.bad.test"));
}

TEST_F(DomainAnswersTest, AChangingIdCannotMakeUsFetchWithoutEnd) {  // #129, #186
    options.min_ttl = options.recheck = 1s;
    restart();
    for (int i = 0; i < 3600; i += 10) {
        publish("churn.test", std::to_string(i), "garbage");
        ask("churn.test");
        clock.advance(10s);
    }
    EXPECT_EQ(fetches("churn.test"), static_cast<int>(max_fetches_an_hour));
}

TEST_F(DomainAnswersTest, TheDeadlineDefersWhileTheFirstFetchRuns) {  // #68, #58
    options.deadline = 50ms;
    restart();
    publish("slow.test", "1", enforce("mail.slow.test"));
    fetcher.gate.shut();
    EXPECT_EQ(ask("slow.test"), "41:TEMP policy of slow.test is being fetched,");
    const auto later = begin("slow.test");
    settle();
    EXPECT_TRUE(later->done) << "later questions of that flight get it at once";
    fetcher.gate.open();
    settle();
    EXPECT_EQ(ask("slow.test"), secure("mail.slow.test")) << "the fetch went on";
    EXPECT_EQ(fetches("slow.test"), 1);
}

TEST_F(DomainAnswersTest, SilentDnsIsNotTakenForAPolicy) {  // #30
    options.deadline = 50ms;
    restart();
    resolver.gate.shut();
    EXPECT_EQ(ask("silent.test"), not_found);
}

TEST_F(DomainAnswersTest, ADnsFailureWithoutAPolicyFollowsTheOption) {  // #30
    break_txt("fail.test");
    EXPECT_EQ(ask("fail.test"), not_found);
    EXPECT_TRUE(logged("warning: dns fail.test: no answer about its TXT record: SERVFAIL from 127.0.0.1:53"));
    EXPECT_TRUE(at_hand("fail.test"));
    clock.advance(10s);
    EXPECT_FALSE(at_hand("fail.test")) << "asked again after 10 s";
    options.defer_on_dns_failure = true;
    restart();
    EXPECT_NE(
        ask("fail.test").find("TEMP DNS does not tell whether fail.test has an MTA-STS policy: SERVFAIL"),
        std::string::npos);
}

// Not one a try.
TEST_F(DomainAnswersTest, AFetchThatKeepsFailingIsOneLineAnHour) {
    publish("fail.test", "1", "");
    int tries = 0;
    for (int minute = 0; minute < 60; ++minute) {
        fetcher.bodies.insert_or_assign("mta-sts.fail.test",
                                        failure(Errc::temporary, "HTTP status 5" + std::to_string(minute)));
        ask("fail.test");
        settle();
        tries = fetches("fail.test");
        clock.advance(1min);
    }
    EXPECT_GT(tries, 3);
    EXPECT_EQ(log.count("not fetched"), 1U);
    EXPECT_TRUE(
        logged("warning: policy fail.test: id=1 not fetched: HTTP status 50; mail goes out as without"));
    clock.advance(1h);
    ask("fail.test");
    settle();
    EXPECT_EQ(log.count("not fetched"), 2U);
    EXPECT_TRUE(logged(std::to_string(tries) + " failures since 2026-12-01T00:00:00Z\n"));
    publish("fail.test", "2", enforce("mail.fail.test"));
    clock.advance(2h);
    ask("fail.test");
    settle();
    EXPECT_TRUE(logged("info: policy fail.test: it can be fetched again, after " +
                       std::to_string(fetches("fail.test") - 1) + " failures since 2026-12-01T00:00:00Z"));
}

TEST_F(DomainAnswersTest, APolicyThatHasRunOutIsNotSaidToStayInForce) {
    publish("good.test", "1", enforce("mail.good.test", 1000));
    ask("good.test");
    break_txt("good.test");
    clock.advance(1001s);
    EXPECT_EQ(ask("good.test"), not_found);
    EXPECT_TRUE(logged("no answer about its TXT record"));
    EXPECT_FALSE(logged("the known policy stays in force"));
}

TEST_F(DomainAnswersTest, DnsThatAnswersAgainIsToldOnce) {
    break_txt("fail.test");
    ask("fail.test");
    for (int i = 0; i < 2; ++i) {
        clock.advance(5min);
        publish("fail.test", "1", enforce("mail.fail.test"));
        ask("fail.test");
    }
    EXPECT_EQ(
        log.count(
            "info: dns fail.test: there is an answer about its TXT record again, after 1 failure since"),
        1U);
}

TEST_F(DomainAnswersTest, DnsFailuresBackOff) {
    break_txt("fail.test");
    int asked_at_second = 0;
    std::vector<int> gaps;
    for (int second = 1; second < 1000; ++second) {
        clock.advance(1s);
        const int before = txt_questions("fail.test");
        ask("fail.test");
        if (txt_questions("fail.test") == before) continue;
        gaps.push_back(second - asked_at_second);
        asked_at_second = second;
    }
    EXPECT_EQ(gaps, (std::vector{1, 10, 20, 40, 80, 160, 300, 300}));
}

TEST_F(DomainAnswersTest, AKnownPolicyIsNotHeldUpByDns) {  // #110, #128
    publish("good.test", "1", enforce("mail.good.test"));
    ask("good.test");
    clock.advance(options.recheck);
    options.deadline = 50ms;  // stands in for the two seconds
    reconfigure();
    resolver.gate.shut();
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_EQ(txt_questions("good.test"), 2) << "one look for all";
}

TEST_F(DomainAnswersTest, InTheLastTenthOfItsTimeARecordIsLookedAtBehindTheAnswer) {  // #34
    publish("good.test", "1", enforce("mail.good.test"));
    ask("good.test");
    clock.advance(269s);
    EXPECT_TRUE(at_hand("good.test"));
    settle();
    EXPECT_EQ(txt_questions("good.test"), 1);
    clock.advance(2s);
    EXPECT_TRUE(at_hand("good.test"));
    EXPECT_TRUE(at_hand("good.test"));
    settle();
    EXPECT_EQ(txt_questions("good.test"), 2);
    clock.advance(200s);
    EXPECT_TRUE(at_hand("good.test")) << "young again";
}

TEST_F(DomainAnswersTest, NoRecordIsBelievedForItsNegativeTtlWithinBounds) {  // #29, #127
    RecordSet<std::string> none;
    for (const auto& [ttl, believed] : std::vector<std::pair<std::chrono::seconds, std::chrono::seconds>>{
             {0s, 60s}, {90s, 90s}, {86400s, 3600s}}) {
        none.ttl = ttl;
        resolver.txt_records.insert_or_assign("_mta-sts.none.test", none);
        restart();
        ask("none.test");
        clock.advance(believed - 1s);
        EXPECT_TRUE(at_hand("none.test")) << ttl.count();
        clock.advance(1s);
        EXPECT_FALSE(at_hand("none.test")) << ttl.count();
    }
}

TEST_F(DomainAnswersTest, AWildcardIsAnsweredByTheMxHostsThatPass) {  // #148, #154, #189
    publish("wild.test", "1", enforce("*.mx.test"));
    publish_mx("wild.test", {"a.mx.test", "b.c.mx.test", "mx.test", "other.test", "D.mx.test"});
    EXPECT_EQ(ask("wild.test"), secure("a.mx.test:d.mx.test"));
    EXPECT_EQ(ask("[wild.test]"), secure("no-mx-host-passes-the-policy.invalid"));
}

TEST_F(DomainAnswersTest, AWildcardWithoutMxHostsFailsClosed) {  // #136, #137
    publish("wild.test", "1", enforce("*.mx.test"));
    for (const auto& hosts : std::vector<std::vector<std::string>>{{"other.test"}, {""}, {}}) {
        publish_mx("wild.test", hosts);
        restart();
        EXPECT_EQ(ask("wild.test"), secure("no-mx-host-passes-the-policy.invalid"));
        EXPECT_TRUE(logged("no MX host passes it"));
    }
}

TEST_F(DomainAnswersTest, WithoutMxRecordsTheDomainIsItsOwnMxHost) {  // #136
    publish("sub.mx.test", "1", enforce("*.mx.test"));
    publish_mx("sub.mx.test", {});
    EXPECT_EQ(ask("sub.mx.test"), secure("sub.mx.test"));
}

TEST_F(DomainAnswersTest, AnMxSetThatCannotBeHadLeavesWildcardsAsPostfixHasThem) {  // #155
    publish("wild.test", "1", enforce("*.mx.test"));
    resolver.mx_records.insert_or_assign("wild.test", failure(Errc::temporary, "SERVFAIL"));
    EXPECT_EQ(ask("wild.test"), secure(".mx.test"));
    publish_mx("wild.test", {"a.mx.test"});
    clock.advance(10s);
    EXPECT_EQ(ask("wild.test"), secure("a.mx.test"));
}

TEST_F(DomainAnswersTest, TheMxSetIsLookedAtAgainWhenItsTtlIsOver) {
    publish("wild.test", "1", enforce("*.mx.test"));
    publish_mx("wild.test", {"a.mx.test"});
    ask("wild.test");
    publish_mx("wild.test", {"b.mx.test"});
    clock.advance(599s);
    EXPECT_EQ(ask("wild.test"), secure("a.mx.test"));
    clock.advance(1s);
    EXPECT_EQ(ask("wild.test"), secure("b.mx.test"));
}

TEST_F(DomainAnswersTest, APolicyOfExactNamesNeedsNoMxQuestion) {
    publish("good.test", "1", enforce("mail.good.test"));
    ask("good.test");
    EXPECT_TRUE(resolver.mx_questions.empty());
}

// #104: too long a reply keeps the patterns of the MX hosts, whichever way they are known.
TEST_F(DomainAnswersTest, ALongPolicyOfExactNamesIsHeldToItsMxHosts) {
    std::string body = "version: STSv1\nmode: enforce\nmax_age: 86400\nmx: mx.good.test\n";
    for (int host = 1000; host < 2400; ++host)
        body += "mx: a-long-name-of-a-host-" + std::to_string(host) + ".test\n";
    publish("good.test", "1", body);
    publish_mx("good.test", {"mx.good.test"});
    const std::string reply = ask("good.test", "sts-tlsrpt");
    EXPECT_NE(reply.find(" mx_host_pattern=mx.good.test,"), std::string::npos) << reply.substr(0, 200);
    EXPECT_EQ(reply.find(no_host_passes), std::string::npos);
    EXPECT_LE(reply.size(), max_reply_bytes + 10);
}

// #143
TEST_F(DomainAnswersTest, AStaleListOfExactNamesIsTold) {
    publish("good.test", "1",
            "version: STSv1\nmode: enforce\nmx: old.good.test\nmx: *.old.test\nmax_age: 86400\n");
    publish_mx("good.test", {"new.good.test"});
    EXPECT_EQ(ask("good.test"), secure("old.good.test"));
    EXPECT_TRUE(logged("warning: policy good.test: no MX host passes it"));
    publish_mx("good.test", {"new.good.test", "old.good.test"});
    clock.advance(10min);
    ask("good.test");
    EXPECT_TRUE(logged("MX hosts pass it again"));
}

TEST_F(DomainAnswersTest, APolicyCannotSayThatNothingPassesIt) {
    publish("good.test", "1",
            "version: STSv1\nmode: enforce\nmx: mail.good.test\nmx: " + std::string(no_host_passes) +
                "\nx: OK secure match=" + std::string(no_host_passes) +
                " servername=hostname\nmax_age: 86400\n");
    ask("good.test");
    ask("good.test", "sts-tlsrpt");
    EXPECT_FALSE(logged("no MX host passes it"));
}

TEST_F(DomainAnswersTest, AFullFetchQueueDefers) {  // #185
    publish("good.test", "1", enforce("mail.good.test"));
    fetcher.bodies.insert_or_assign("mta-sts.good.test",
                                    failure(Errc::overloaded, "too many policy fetches are waiting"));
    EXPECT_NE(ask("good.test").find("TEMP sternpostd is overloaded"), std::string::npos);
    for (int minute = 0; minute < 20; ++minute) {
        clock.advance(1min);
        EXPECT_NE(ask("good.test").find("TEMP sternpostd is overloaded"), std::string::npos);
    }
    fetcher.bodies.insert_or_assign("mta-sts.good.test", enforce("mail.good.test"));
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"))
        << "no back-off: it was not the domain's failure, and no GET";
}

TEST_F(DomainAnswersTest, AGetThatIsGivenUpForOthersWasOne) {
    publish("slow.test", "1", enforce("mail.slow.test"));
    fetcher.bodies.insert_or_assign("mta-sts.slow.test",
                                    failure(Errc::overloaded, "given up for others", "given-up"));
    for (int minute = 0; minute < 59; ++minute) {
        ask("slow.test");
        clock.advance(1min);
    }
    EXPECT_EQ(fetches("slow.test"), static_cast<int>(max_fetches_an_hour));
}

TEST_F(DomainAnswersTest, TooManyOpenDnsQuestionsDefer) {
    const auto full = failure(Errc::overloaded, "too many open DNS questions");
    resolver.txt_records.insert_or_assign("_mta-sts.none.test", full);
    EXPECT_NE(ask("none.test").find("TEMP sternpostd is overloaded"), std::string::npos);
    publish("wild.test", "1", enforce("*.mx.test"));
    resolver.mx_records.insert_or_assign("wild.test", full);
    EXPECT_NE(ask("wild.test").find("TEMP sternpostd is overloaded"), std::string::npos)
        << "not a wider match";
    publish_mx("wild.test", {"a.mx.test"});
    clock.advance(10s);
    EXPECT_EQ(ask("wild.test"), secure("a.mx.test"));
}

TEST_F(DomainAnswersTest, QuestionsForWhichThereWasNoRoomAreAskedAgainSoon) {
    const auto full = failure(Errc::overloaded, "too many open DNS questions");
    publish("none.test", "1", enforce("mail.none.test"));
    const auto record = resolver.txt_records.at("_mta-sts.none.test");
    resolver.txt_records.insert_or_assign("_mta-sts.none.test", full);
    publish("wild.test", "1", enforce("*.mx.test"));
    resolver.mx_records.insert_or_assign("wild.test", full);
    for (int second = 0; second < 615; ++second) {
        ask("none.test");
        ask("wild.test");
        clock.advance(1s);
    }
    resolver.txt_records.insert_or_assign("_mta-sts.none.test", record);
    publish_mx("wild.test", {"a.mx.test"});
    clock.advance(30s);
    EXPECT_EQ(ask("none.test"), secure("mail.none.test"));
    EXPECT_EQ(ask("wild.test"), secure("a.mx.test"));
}

TEST_F(DomainAnswersTest, APolicyHostWithoutAddressIsAFailedFetch) {  // #167
    publish_id("bad.test", "1");
    EXPECT_EQ(ask("bad.test"), not_found);
    EXPECT_TRUE(logged("mta-sts.bad.test does not exist"));
    EXPECT_EQ(fetches("bad.test"), 0);
}

TEST_F(DomainAnswersTest, OneAddressFamilyIsEnough) {  // #62
    publish("six.test", "1", enforce("mail.six.test"));
    RecordSet<asio::ip::address> address;
    address.records.push_back(asio::ip::make_address("2001:db8::1"));
    resolver.aaaa_records.insert_or_assign("mta-sts.six.test", address);
    resolver.a_records.insert_or_assign("mta-sts.six.test", failure(Errc::temporary, "SERVFAIL"));
    EXPECT_EQ(ask("six.test"), secure("mail.six.test"));
}

TEST_F(DomainAnswersTest, AMaxAgeOfZeroIsUsedOnceAndFetchedAgainWithinBounds) {  // #105
    publish("zero.test", "1", enforce("mail.zero.test", 0));
    for (int i = 0; i < 30; ++i) EXPECT_EQ(ask("zero.test"), secure("mail.zero.test")) << i;
    EXPECT_EQ(fetches("zero.test"), 1);
    for (int i = 0; i < 120; ++i) {
        clock.advance(30s);
        EXPECT_EQ(ask("zero.test"), secure("mail.zero.test")) << i;
    }
    EXPECT_EQ(fetches("zero.test"), 11);
    publish("zero.test", "2", "version: STSv1\nmode: none\nmax_age: 0\n");
    clock.advance(options.recheck);
    EXPECT_EQ(ask("zero.test"), not_found);
}

// #64: the limit ends before the record is looked at again.
TEST_F(DomainAnswersTest, AnIdThatOurLimitKeptWaitingIsFetchedWhenItEnds) {
    options.min_interval = 60s;
    options.recheck = 130s;
    restart();
    publish("good.test", "1", enforce("mail.good.test"));
    break_policy_host("good.test");
    for (const auto until_next : {180s, 120s, 0s}) {
        EXPECT_EQ(ask("good.test"), not_found);
        clock.advance(until_next);
    }
    settle();
    ASSERT_EQ(fetches("good.test"), 2) << "tried again after 300 s, and its record is due 10 s later";
    publish("good.test", "2", enforce("mail.good.test"));
    clock.advance(15s);
    EXPECT_EQ(ask("good.test"), not_found);
    EXPECT_EQ(fetches("good.test"), 2);
    clock.advance(45s);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
}

// What the failed fetch has settled is not undone by a limit of ours that its next try has met.
TEST_F(DomainAnswersTest, AFailedFetchStaysOneWhereTheNextIsTooMany) {
    publish("good.test", "1", enforce("mail.good.test"));
    break_policy_host("good.test");
    EXPECT_EQ(ask("good.test"), not_found);
    fetcher.bodies.insert_or_assign("mta-sts.good.test",
                                    failure(Errc::overloaded, "given up for others", "given-up"));
    clock.advance(options.retry);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(ask("good.test"), not_found) << i;
        settle();
    }
    EXPECT_EQ(fetches("good.test"), 2);
}

// What the record does not ask for any more does not keep memory from answering.
TEST_F(DomainAnswersTest, AFetchThatWasTooManyIsForgottenWithItsId) {
    publish("good.test", "1", enforce("mail.good.test"));
    ask("good.test");
    publish_id("good.test", "2");
    fetcher.bodies.insert_or_assign("mta-sts.good.test",
                                    failure(Errc::overloaded, "given up for others", "given-up"));
    clock.advance(options.recheck);
    ask("good.test");
    publish_id("good.test", "1");
    clock.advance(options.recheck);
    ask("good.test");
    EXPECT_TRUE(at_hand("good.test"));
}

// #129
TEST_F(DomainAnswersTest, TheIntervalBetweenFetchesOutlivesARestart) {
    publish("good.test", "1", enforce("mail.good.test"));
    ask("good.test");
    publish("good.test", "2", enforce("new.good.test"));
    clock.advance(30s);
    restart();
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_EQ(fetches("good.test"), 1);
    clock.advance(options.recheck);
    EXPECT_EQ(ask("good.test"), secure("new.good.test"));
}

TEST_F(DomainAnswersTest, StopAnswersFromAKnownPolicy) {
    publish("good.test", "1", enforce("mail.good.test"));
    ask("good.test");
    restart();
    resolver.gate.shut();
    const auto pending = begin("good.test");
    settle();
    EXPECT_FALSE(pending->done);
    answers->stop();
    settle();
    ASSERT_TRUE(pending->done);
    ASSERT_TRUE(pending->reply);
    EXPECT_EQ(*pending->reply, secure("mail.good.test"));
}

TEST_F(DomainAnswersTest, StopReleasesWhoWaits) {
    publish("slow.test", "1", enforce("mail.slow.test"));
    fetcher.gate.shut();
    const auto pending = begin("slow.test");
    settle();
    answers->stop();
    settle();
    EXPECT_TRUE(pending->done);
    EXPECT_EQ(pending->reply, nullptr);
    EXPECT_EQ(ask("other.test"), "");
}

TEST_F(DomainAnswersTest, AnInternalErrorEndsOneLookupAlone) {
    publish("good.test", "1", enforce("mail.good.test"));
    fetcher.throws = true;
    EXPECT_EQ(ask("good.test"), "41:TEMP sternpostd has met an internal error,");
    EXPECT_TRUE(logged("internal error in \"domain lookup\": a bug"));
    fetcher.throws = false;
    EXPECT_EQ(answers->figures().lookups, 0U);
    clock.advance(options.min_interval);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
}

TEST_F(DomainAnswersTest, TheWallClockMayJump) {  // #124
    publish("good.test", "1", enforce("mail.good.test", 86400));
    ask("good.test");
    const WallTime then = clock.wall();
    clock.set_wall(then - 86400s);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    clock.set_wall(then + std::chrono::years(1));
    break_policy_host("good.test");
    EXPECT_EQ(ask("good.test"), not_found);
}

}  // namespace
}  // namespace sternpost
