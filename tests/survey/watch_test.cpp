// Real timers, and looks that are made up: what is waited for is always an event.
#include "sternpost/survey/watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>

#include "sternpost/loop/spawn.hpp"
#include "tests/support/captured_log.hpp"
#include "tests/support/run.hpp"
#include "tests/survey/published.hpp"

namespace sternpost {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using testing::ElementsAre;

class WatchTest : public testing::Test {
protected:
    ~WatchTest() override {
        watch.stop();
        test::run_until(io, [] { return running() == 0; });
    }

    awaitable<Published> look(std::string domain) {
        looks.push_back(domain);
        most_at_once = std::max(most_at_once, ++at_once);
        asio::steady_timer soon(io, std::chrono::milliseconds(1));
        if (hangs) soon.expires_after(std::chrono::hours(1));
        co_await soon.async_wait(asio::use_awaitable);
        --at_once;
        if (throws) throw std::runtime_error("a bug");
        Published seen = publishes;
        seen.domain = domain;
        co_return seen;
    }
    bool look_now(const std::string& domain) { return test::run(io, watch.look(domain)); }
    void wait_for_looks(std::size_t count) {
        test::run_until(io, [&] {
            return static_cast<std::size_t>(std::ranges::count_if(
                       watch.domains(), [](const WatchedDomain& one) { return one.survey.has_value(); })) ==
                   count;
        });
    }

    asio::io_context io{1};
    SystemClock clock;
    test::CapturedLog log;
    Published publishes = test::published();
    std::optional<Edition> remembered;
    std::vector<std::string> looks;
    int at_once = 0, most_at_once = 0;
    bool hangs = false, throws = false;
    Watch watch{io.get_executor(), clock,
                WatchSources{[this](std::string domain) { return look(std::move(domain)); },
                             [this](const std::string&) { return remembered; }}};
};

TEST_F(WatchTest, LooksAtEachDomainOneAfterTheOther) {
    watch.watch({"a.test", "b.test", "c.test"});
    wait_for_looks(3);
    EXPECT_THAT(looks, ElementsAre("a.test", "b.test", "c.test"));
    EXPECT_EQ(most_at_once, 1);
    EXPECT_EQ(watch.domains()[1].survey->domain, "b.test");
}

TEST_F(WatchTest, LooksAgainWhenAskedTo) {
    watch.watch({"a.test", "b.test"});
    wait_for_looks(2);
    EXPECT_TRUE(look_now("b.test"));
    EXPECT_THAT(looks, ElementsAre("a.test", "b.test", "b.test"));
    EXPECT_FALSE(look_now("other.test"));
}

TEST_F(WatchTest, WhoAsksDuringALookGetsAnother) {
    watch.watch({"a.test"});
    test::run_until(io, [&] { return looks.size() == 1; });
    EXPECT_TRUE(look_now("a.test"));
    EXPECT_THAT(looks, ElementsAre("a.test", "a.test"));
}

TEST_F(WatchTest, LooksAgainAfterTheInterval) {
    WatchOptions options;
    options.interval = options.interval_in_trouble = std::chrono::milliseconds(1);
    Watch often(io.get_executor(), clock,
                WatchSources{[this](std::string domain) { return look(std::move(domain)); },
                             [](const std::string&) { return std::optional<Edition>(); }},
                options);
    often.watch({"a.test"});
    test::run_until(io, [&] { return looks.size() >= 3; });
    often.stop();
    test::run_until(io, [] { return running() == 0; });
}

TEST_F(WatchTest, WhatIsNoLongerWatchedIsForgottenAndTheOthersAreKept) {
    watch.watch({"a.test", "b.test"});
    wait_for_looks(2);
    watch.watch({"b.test", "c.test"});
    wait_for_looks(2);
    EXPECT_THAT(looks, ElementsAre("a.test", "b.test", "c.test"));
    watch.watch({});
    test::run_until(io, [] { return running() == 0; });
    EXPECT_TRUE(watch.domains().empty());
}

TEST_F(WatchTest, ALookUnderWayEndsWithTheWatch) {
    hangs = true;
    watch.watch({"a.test"});
    test::run_until(io, [&] { return looks.size() == 1; });
    watch.stop();
    test::run_until(io, [] { return running() == 0; });
    EXPECT_FALSE(watch.domains()[0].survey);
}

TEST_F(WatchTest, ALookThatFailsIsNotKnown) {
    throws = true;
    watch.watch({"a.test"});
    wait_for_looks(1);
    EXPECT_EQ(watch.domains()[0].survey->stage, PolicyStage::unknown);
    EXPECT_EQ(worst(watch.domains()[0].survey->findings), Level::unknown);
}

TEST_F(WatchTest, TellsWhatIsNewAndWhatIsOverAndNothingTwice) {
    test::give_hosts(publishes, {"mx.example.net"});
    watch.watch({"a.test"});
    wait_for_looks(1);
    const auto count = [&] { return log.count("[mx-not-covered]"); };
    EXPECT_EQ(count(), 1U);
    EXPECT_TRUE(look_now("a.test"));
    EXPECT_EQ(count(), 1U);
    publishes = test::published();
    EXPECT_TRUE(look_now("a.test"));
    EXPECT_EQ(count(), 2U);
    EXPECT_TRUE(log.has("info: watch a.test: no more: "));
}

TEST_F(WatchTest, AnIdHasItsTextUntilItIsChanged) {
    const Published other = test::published("testing");
    watch.watch({"a.test"});
    wait_for_looks(1);
    const auto id_is_good = [&] { return watch.domains()[0].survey->check(Check::id); };
    publishes = other;
    EXPECT_TRUE(look_now("a.test"));
    EXPECT_EQ(id_is_good(), false);
    EXPECT_TRUE(look_now("a.test"));
    EXPECT_EQ(id_is_good(), false);
    publishes.record.id = "2";
    EXPECT_TRUE(look_now("a.test"));
    EXPECT_EQ(id_is_good(), true);
}

TEST_F(WatchTest, WhatWasKnownBeforeTheStartCounts) {
    remembered = Edition{"1", test::published("testing").policy.body};
    watch.watch({"a.test"});
    wait_for_looks(1);
    EXPECT_EQ(watch.domains()[0].survey->check(Check::id), false);
}

}  // namespace
}  // namespace sternpost
