// What is done without being asked for: refreshing policies, noting their use, pruning.
#include <algorithm>

#include "resolve/clock_check.hpp"
#include "tests/resolve/answers_fixture.hpp"

namespace sternpost {
namespace {

constexpr auto day = 24h;

class UpkeepTest : public AnswersTest {
protected:
    UpkeepTest() {
        dane = false;
        options.upkeep_interval = 1ms;
        begin_anew();
        publish("good.test", "1", enforce("mail.good.test", 864000));
    }

    void begin_anew() {
        start();
        answers->begin_upkeep();
    }
    void restart_with_upkeep() {
        end();
        begin_anew();
    }
    // At least one round.
    void upkeep() { io.restart(), io.run_for(25ms); }
    void upkeep_until_fetches(const std::string& domain, int count) {
        test::run_until(io, [&] { return fetches(domain) >= count; });
        settle();
    }
    WallTime expires(const std::string& domain) { return store.records.at(domain).policy->expires(); }
    WallTime refresh_at(const std::string& domain) { return store.records.at(domain).refresh_at.value(); }
};

// #109, #117, #118: about daily, with the expiry counted from that fetch.
TEST_F(UpkeepTest, PoliciesAreRefreshedAboutDaily) {
    ask("good.test");
    const WallTime first = expires("good.test");
    clock.advance(20h);
    upkeep();
    EXPECT_EQ(fetches("good.test"), 1);
    clock.advance(4h);
    upkeep_until_fetches("good.test", 2);
    EXPECT_EQ(expires("good.test"), first + day);
    upkeep();
    EXPECT_EQ(fetches("good.test"), 2);
}

// Nobody may ever ask again before a restart.
TEST_F(UpkeepTest, WhatAFullDiskDidNotTakeIsWrittenUnasked) {
    store.full = true;
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    upkeep();
    EXPECT_FALSE(store.records.contains("good.test"));
    store.full = false;
    test::run_until(io, [&] { return store.records.contains("good.test"); });
    EXPECT_EQ(fetches("good.test"), 1);
}

TEST_F(UpkeepTest, ADiskThatCannotBeReadIsTold) {
    store.unreadable = true;
    test::run_until(io, [&] { return logged("the cache cannot be read: disk I/O error"); });
    store.unreadable = false;
}

// #117: whatever the TXT record says
TEST_F(UpkeepTest, ARefreshNeedsNoTxtRecord) {
    ask("good.test");
    resolver.txt_records.clear();
    clock.advance(day);
    upkeep_until_fetches("good.test", 2);
    break_txt("good.test");
    clock.advance(day);
    upkeep_until_fetches("good.test", 3);
    EXPECT_EQ(store.records.at("good.test").policy->id, "1");
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
}

// #111: what the refresh brings counts, also under the old id.
TEST_F(UpkeepTest, ARefreshTakesUpANewBodyUnderTheOldId) {
    ask("good.test");
    publish("good.test", "1", enforce("new.good.test"));
    clock.advance(day);
    upkeep_until_fetches("good.test", 2);
    EXPECT_EQ(ask("good.test"), secure("new.good.test"));
}

// #118: by half of a short max_age, but not within six minutes of the last fetch
TEST_F(UpkeepTest, ShortLivedPoliciesAreRefreshedSooner) {
    publish("short.test", "1", enforce("mail.short.test", 7200));
    publish("shorter.test", "1", enforce("mail.shorter.test", 400));
    ask("short.test");
    ask("shorter.test");
    const WallTime begin = clock.wall();
    EXPECT_GE(refresh_at("short.test"), begin + 52min);
    EXPECT_LE(refresh_at("short.test"), begin + 60min);
    EXPECT_EQ(refresh_at("shorter.test"), begin + 6min);
}

// #108: it is discovered anew when somebody asks.
TEST_F(UpkeepTest, APolicyThatRunsOutBeforeIsNotRefreshed) {
    publish("brief.test", "1", enforce("mail.brief.test", 300));
    ask("brief.test");
    EXPECT_FALSE(store.records.at("brief.test").refresh_at);
    for (int i = 0; i < 3; ++i) {
        clock.advance(10min);
        upkeep();
        EXPECT_EQ(fetches("brief.test"), 1);
    }
    EXPECT_EQ(ask("brief.test"), secure("mail.brief.test"));
    EXPECT_EQ(fetches("brief.test"), 2);
}

// #114: its refreshes do not use up what a new id needs.
TEST_F(UpkeepTest, ANewIdOfAPolicyThatIsRefreshedOftenIsFetched) {
    publish("short.test", "1", enforce("mail.short.test", 600));
    ask("short.test");
    for (int fetch = 2; fetch < 15; ++fetch) {
        clock.advance(6min);
        upkeep_until_fetches("short.test", fetch);
    }
    publish("short.test", "2", enforce("new.short.test", 600));
    clock.advance(options.recheck);
    EXPECT_EQ(ask("short.test"), secure("new.short.test"));
}

TEST_F(UpkeepTest, RefreshesAreSpreadOverThreeHours) {
    std::set<WallTime> times;
    for (int i = 0; i < 50; ++i) {
        const std::string domain = "d" + std::to_string(i) + ".test";
        publish(domain, "1", enforce("mail." + domain));
        ask(domain);
        times.insert(refresh_at(domain));
        EXPECT_GE(refresh_at(domain), clock.wall() + 21h);
        EXPECT_LE(refresh_at(domain), clock.wall() + day);
    }
    EXPECT_GT(times.size(), 40U);
}

// #118: after a long stop not all at once
TEST_F(UpkeepTest, APinDoesNotEndTheRefresh) {
    Override pin;
    pin.domain = "good.test";
    pin.action = Override::Action::pin;
    pin.pinned.mode = Mode::enforce;
    pin.pinned.mx.push_back(*MxPattern::from("mail.pinned.test"));
    ask("good.test");
    overrides.push_back(std::move(pin));
    reconfigure();
    const WallTime first = expires("good.test");
    clock.advance(day);
    upkeep_until_fetches("good.test", 2);
    EXPECT_EQ(expires("good.test"), first + day);
}

// #129: what the disk does not take is not fetched over and over.
TEST_F(UpkeepTest, ADiskThatTakesNothingMakesNoFurtherFetches) {
    publish("other.test", "1", enforce("mail.other.test", 864000));
    ask("good.test");
    ask("other.test");
    restart_with_upkeep();
    store.full = true;
    break_policy_host("other.test");
    clock.advance(day);
    upkeep_until_fetches("good.test", 2);
    for (int i = 0; i < 10; ++i) {
        clock.advance(3s);
        upkeep();
    }
    EXPECT_EQ(fetches("good.test"), 2);
    EXPECT_EQ(fetches("other.test"), 2);
    EXPECT_LE(txt_questions("other.test"), 2);
    store.full = false;
    clock.advance(day);
    upkeep_until_fetches("good.test", 3);
    EXPECT_EQ(store.records.at("good.test").policy->fetched, clock.wall());
}

TEST_F(UpkeepTest, RefreshesAreBounded) {
    for (int i = 0; i < 50; ++i) {
        const std::string domain = "d" + std::to_string(i) + ".test";
        publish(domain, "1", enforce("mail." + domain));
        ask(domain);
    }
    clock.advance(2 * day);
    fetcher.gate.shut();
    restart_with_upkeep();
    const auto under_way = [this] {
        int count = 0;
        for (const auto& [host, fetches] : fetcher.fetches) count += fetches - 1;
        return count;
    };
    test::run_until(io, [&] { return under_way() >= 16; });
    upkeep();
    EXPECT_EQ(under_way(), 16);
    // Those that are slow do not keep the others waiting.
    clock.advance(3s);
    upkeep();
    EXPECT_EQ(under_way(), 32);
    fetcher.gate.open();
    test::run_until(io, [&] {
        return std::ranges::all_of(fetcher.fetches, [](const auto& host) { return host.second == 2; });
    });
}

// #115
TEST_F(UpkeepTest, ANewIdWithTheOldBodyIsLookedAtAgainSoon) {
    ask("good.test");
    publish_id("good.test", "2");
    clock.advance(10min);
    ask("good.test");
    EXPECT_EQ(fetches("good.test"), 2);
    publish("good.test", "2", enforce("new.good.test"));
    clock.advance(10min);
    upkeep_until_fetches("good.test", 3);
    EXPECT_EQ(ask("good.test"), secure("new.good.test"));
    clock.advance(10min);
    upkeep();
    EXPECT_EQ(fetches("good.test"), 3) << "once";
}

// #112, #119, #121, #171, #183: kept, tried again later and later, told louder and louder
TEST_F(UpkeepTest, ARefreshThatKeepsFailingGrowsLouder) {
    ask("good.test");
    const WallTime end = expires("good.test");
    break_policy_host("good.test");
    resolver.txt_records.clear();
    clock.advance(day);
    upkeep_until_fetches("good.test", 2);
    EXPECT_TRUE(logged("info: policy good.test: id=1 not fetched: HTTP status 500"));
    EXPECT_EQ(refresh_at("good.test"), clock.wall() + 5min);
    clock.advance(5min);
    upkeep_until_fetches("good.test", 3);
    EXPECT_EQ(refresh_at("good.test"), clock.wall() + 10min);
    for (int tries = 4; tries < 9; ++tries) {
        clock.advance(1h);
        upkeep_until_fetches("good.test", tries);
    }
    EXPECT_EQ(refresh_at("good.test"), clock.wall() + 1h);
    EXPECT_FALSE(logged("warning: policy good.test"));
    clock.set_wall(end - 4 * day);
    upkeep_until_fetches("good.test", 9);
    EXPECT_TRUE(logged("warning: policy good.test: id=1 not fetched"));
    EXPECT_FALSE(logged("error: policy good.test"));
    clock.set_wall(end - day);
    upkeep_until_fetches("good.test", 10);
    EXPECT_TRUE(logged("error: policy good.test: id=1 not fetched"));
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    clock.set_wall(end);
    upkeep();
    EXPECT_EQ(ask("good.test"), not_found);
    EXPECT_EQ(fetches("good.test"), 10);
}

// #119, #120, #178
TEST_F(UpkeepTest, NothingIsSaidOfAPolicyThatProtectsNobody) {
    publish("none.test", "1", "version: STSv1\nmode: none\nmax_age: 864000\n");
    ask("none.test");
    break_policy_host("none.test");
    clock.advance(day);
    upkeep_until_fetches("none.test", 2);
    EXPECT_FALSE(logged("info: policy none.test: id=1 not fetched"));
    EXPECT_FALSE(logged("warning: policy none.test"));
}

// #123
TEST_F(UpkeepTest, WhatNobodyAsksForIsKeptButNotRefreshed) {
    publish("good.test", "1", enforce("mail.good.test", 31536000));
    ask("good.test");
    int refreshed = 1;
    for (int days = 1; days <= 30; ++days) {
        clock.advance(day);
        upkeep_until_fetches("good.test", ++refreshed);
    }
    clock.advance(day);
    upkeep();
    EXPECT_EQ(fetches("good.test"), refreshed);
    clock.advance(300 * day);
    upkeep();
    restart_with_upkeep();
    EXPECT_EQ(fetches("good.test"), refreshed);
    resolver.txt_records.clear();
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    upkeep_until_fetches("good.test", refreshed + 1);  // it is in use again
}

TEST_F(UpkeepTest, UseIsWrittenDownSeldom) {
    ask("good.test");
    const WallTime first = clock.wall();
    EXPECT_EQ(store.records.at("good.test").last_used, first);
    for (int hours = 1; hours < 24; ++hours) {
        clock.advance(1h);
        ask("good.test");
        settle();
    }
    EXPECT_EQ(store.records.at("good.test").last_used, first);
    clock.advance(1h);
    ask("good.test");
    settle();
    EXPECT_EQ(store.records.at("good.test").last_used, first + day);
}

TEST_F(UpkeepTest, ARefreshIsNoUse) {
    ask("good.test");
    const WallTime first = clock.wall();
    clock.advance(day);
    upkeep_until_fetches("good.test", 2);
    EXPECT_EQ(store.records.at("good.test").last_used, first);
}

// #124
TEST_F(UpkeepTest, APolicyFromTheFutureIsAppliedAndRefreshed) {
    ask("good.test");
    clock.set_wall(clock.wall() - day);
    resolver.txt_records.clear();
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    upkeep_until_fetches("good.test", 2);
    EXPECT_EQ(store.records.at("good.test").policy->fetched, clock.wall());
}

// #124: nor does what failed under a clock that was ahead put the next try off until then.
TEST_F(UpkeepTest, AClockThatWasAheadPutsNothingOff) {
    ask("good.test");
    const WallTime begin = clock.wall();
    break_policy_host("good.test");
    clock.set_wall(begin + 8 * day);
    upkeep_until_fetches("good.test", 2);
    clock.set_wall(begin);
    clock.advance(day);
    publish("good.test", "1", enforce("mail.good.test", 864000));
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    upkeep_until_fetches("good.test", 3);
    EXPECT_EQ(expires("good.test"), begin + 11 * day);
}

TEST_F(UpkeepTest, AFullQueueOnlyPutsARefreshOff) {
    ask("good.test");
    fetcher.bodies.insert_or_assign("mta-sts.good.test",
                                    failure(Errc::overloaded, "too many policy fetches are waiting"));
    clock.advance(day);
    upkeep_until_fetches("good.test", 2);
    EXPECT_EQ(refresh_at("good.test"), clock.wall() + 5min);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_TRUE(at_hand("good.test"));
}

// #128
TEST_F(UpkeepTest, NobodyWaitsForARefresh) {
    ask("good.test");
    clock.advance(day);
    fetcher.gate.shut();
    test::run_until(io, [&] { return fetches("good.test") == 2; });
    const auto pending = begin("good.test");
    test::run_until(io, [&] { return pending->done; });
    EXPECT_EQ(*pending->reply, secure("mail.good.test"));
}

TEST_F(UpkeepTest, PrunesOnlyWhatSaysNothingAnyMore) {
    publish("short.test", "1", enforce("mail.short.test", 3600));
    ask("good.test");
    ask("short.test");
    publish("failing.test", "1", enforce("mail.failing.test"));
    break_policy_host("failing.test");
    ask("failing.test");
    resolver.txt_records.clear();
    fetcher.bodies.clear();
    for (int hours = 0; hours < 3; ++hours) {
        clock.advance(1h);
        upkeep();
    }
    EXPECT_EQ(store.records.size(), 3U);
    clock.set_wall(clock.wall() + day);
    upkeep();
    EXPECT_EQ(store.records.size(), 3U) << "not right after a jump of a day";
    for (int hours = 0; hours < 2; ++hours) {
        clock.advance(1h);
        upkeep();
    }
    EXPECT_EQ(store.records.size(), 1U);
    EXPECT_TRUE(store.records.contains("good.test"));
}

// #122: memory may be small, the disk forgets nothing for it.
TEST_F(UpkeepTest, WhatMemoryDropsIsStillApplied) {
    memory_entries = 2;
    restart_with_upkeep();
    for (int i = 0; i < 20; ++i) {
        const std::string domain = "d" + std::to_string(i) + ".test";
        publish(domain, "1", enforce("mail." + domain));
        ask(domain);
    }
    resolver.txt_records.clear();
    for (int i = 0; i < 20; ++i) {
        const std::string domain = "d" + std::to_string(i) + ".test";
        EXPECT_EQ(ask(domain), secure("mail." + domain));
        EXPECT_EQ(fetches(domain), 1);
    }
}

// #125: a broken file that had to be begun anew
TEST_F(UpkeepTest, WhatMemoryKnowsIsWrittenIntoANewFile) {
    for (int i = 0; i < 20; ++i) {
        const std::string domain = "d" + std::to_string(i) + ".test";
        publish(domain, "1", enforce("mail." + domain));
        ask(domain);
    }
    ask("nothing.test");
    upkeep();
    store.lose_everything();
    test::run_until(io, [&] { return store.records.size() == 20; });
    upkeep();
    EXPECT_EQ(store.records.size(), 20U);
    EXPECT_EQ(store.records.at("d7.test").policy->id, "1");
    restart_with_upkeep();
    resolver.txt_records.clear();
    EXPECT_EQ(ask("d7.test"), secure("mail.d7.test"));
}

TEST_F(UpkeepTest, ANewFileThatCannotBeReadYetIsWrittenLater) {
    ask("good.test");
    upkeep();
    store.lose_everything();
    store.unreadable = true;
    test::run_until(io, [&] { return logged("writing the 1 domains that memory knows"); });
    upkeep();
    EXPECT_TRUE(store.records.empty()) << "it may know better";
    store.unreadable = false;
    test::run_until(io, [&] { return store.records.contains("good.test"); });
}

TEST_F(UpkeepTest, ABackupThatIsPutBackKnowsBetter) {
    ask("good.test");
    publish("new.test", "1", enforce("mail.new.test"));
    ask("new.test");
    auto backup = store.records;
    backup.at("new.test").policy->fetched -= day;
    store.records.clear();
    resolver.txt_records.erase("_mta-sts.unknown.test");
    backup["unknown.test"] = backup.at("good.test");
    backup["unknown.test"].domain = "unknown.test";
    break_policy_host("good.test");
    restart_with_upkeep();
    EXPECT_EQ(ask("good.test"), not_found);
    EXPECT_EQ(ask("new.test"), secure("mail.new.test"));
    EXPECT_EQ(ask("unknown.test"), not_found);
    store.lose_everything();
    store.records = backup;
    test::run_until(io, [&] { return store.records.at("new.test").policy->fetched == clock.wall(); });
    upkeep();
    EXPECT_TRUE(store.records.at("good.test").policy);
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
    EXPECT_EQ(ask("unknown.test"), secure("mail.good.test"));
    restart_with_upkeep();
    EXPECT_EQ(ask("good.test"), secure("mail.good.test"));
}

TEST_F(UpkeepTest, WhatIsLookedUpWhenTheDiskIsLostIsWrittenLater) {
    ask("good.test");
    clock.advance(options.recheck + 1s);
    resolver.gate.shut();
    const auto pending = begin("good.test");
    settle();
    store.lose_everything();
    test::run_until(io, [&] { return logged("writing the 1 domains that memory knows"); });
    upkeep();
    EXPECT_TRUE(store.records.empty());
    resolver.gate.open();
    test::run_until(io, [&] { return pending->done && store.records.contains("good.test"); });
}

// Though nobody asks any more.
TEST_F(UpkeepTest, FailuresThatWereCountedAreToldWhenTheHourIsOver) {
    break_txt("fail.test");
    ask("fail.test");
    clock.advance(10min);
    ask("fail.test");
    EXPECT_EQ(log.count("no answer about its TXT record"), 1U);
    clock.advance(50min);
    test::run_until(io, [this] { return log.count("no answer about its TXT record") == 2; });
    EXPECT_TRUE(logged("; 1 failure since 2026-12-01T00:00:00Z")) << log.text();
}

// The disk may be read all the while.
TEST_F(UpkeepTest, ADiskThatCannotBeWrittenIsToldOnce) {
    upkeep();
    clock.advance(1h);
    store.full = true;
    upkeep();
    upkeep();
    const std::string line = "error: upkeep: the cache cannot be written";
    EXPECT_EQ(log.count(line), 1U);
}

TEST(ClockCheckTest, BeginsAnewAtEachJump) {
    Now now;
    now.wall = WallTime(1'000'000s);
    now.steady = SteadyTime(1000s);
    ClockCheck check;
    const auto pass = [&](std::chrono::seconds wall, std::chrono::seconds steady) {
        now.wall += wall;
        now.steady += steady;
        return check.steady_for(now, 1h);
    };
    EXPECT_FALSE(pass(0s, 0s));
    EXPECT_FALSE(pass(1800s, 1800s));
    EXPECT_TRUE(pass(1800s, 1801s));
    EXPECT_FALSE(pass(24h * 365, 1s)) << "a year forth";
    EXPECT_FALSE(pass(1800s, 1800s));
    EXPECT_FALSE(pass(-24h, 1s)) << "a day back";
    EXPECT_FALSE(pass(3599s, 3599s));
    EXPECT_TRUE(pass(1s, 1s));
    EXPECT_FALSE(pass(8h, 1s)) << "it slept";
}

}  // namespace
}  // namespace sternpost
