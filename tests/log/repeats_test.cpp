#include "sternpost/log/repeats.hpp"

#include <gtest/gtest.h>

#include "tests/support/captured_log.hpp"
#include "tests/support/fakes.hpp"

namespace sternpost {
namespace {

using namespace std::chrono_literals;

constexpr unsigned status = 0;
constexpr unsigned certificate = 1;

class RepeatsTest : public testing::Test {
protected:
    void fail(const std::string& text, LogLevel level = LogLevel::warning, unsigned kind = status) {
        repeats.failed({{Topic::policy, "d.test"}, "fetch"}, level, kind, text);
    }
    void work() { repeats.mended({{Topic::policy, "d.test"}, "fetch"}, "fetched again"); }
    // What was logged since the last call.
    std::string told() {
        const std::string all = log.text();
        return all.substr(std::exchange(read_, all.size()));
    }

    test::CapturedLog log;
    test::FakeClock clock;  // begins at 2026-12-01T00:00:00Z
    Repeats repeats{clock};

private:
    std::size_t read_ = 0;
};

TEST_F(RepeatsTest, TheFirstIsToldAtOnceAndTheRestOnceAnHour) {
    fail("500");
    EXPECT_EQ(told(), "warning: policy d.test: 500\n");
    for (int minute = 5; minute < 60; minute += 5) {
        clock.advance(5min);
        fail("500, next time " + std::to_string(minute));
        repeats.tell_counts();
    }
    EXPECT_EQ(told(), "");
    clock.advance(5min);
    repeats.tell_counts();
    EXPECT_EQ(told(), "warning: policy d.test: 500, next time 55; 11 failures since 2026-12-01T00:00:00Z\n");
    clock.advance(59min);
    fail("500");
    EXPECT_EQ(told(), "");
    clock.advance(1min);
    fail("404");
    EXPECT_EQ(told(), "warning: policy d.test: 404; 2 failures since 2026-12-01T01:00:00Z\n");
}

TEST_F(RepeatsTest, ALouderOneAndOneOfAnotherKindAreToldAtOnce) {
    fail("500", LogLevel::info);
    fail("500", LogLevel::warning);
    EXPECT_EQ(told(), "info: policy d.test: 500\nwarning: policy d.test: 500\n");
    fail("500", LogLevel::info);
    EXPECT_EQ(told(), "") << "it was louder already";
    fail("expired", LogLevel::info, certificate);
    EXPECT_EQ(told(), "info: policy d.test: expired; 2 failures since 2026-12-01T00:00:00Z\n");
    for (int i = 0; i < 100; ++i) fail("again", LogLevel::info, i % 2 == 0 ? status : certificate);
    EXPECT_EQ(told(), "") << "each kind has had its line";
}

TEST_F(RepeatsTest, WordsOfARemoteHostGetItNoFurtherLine) {
    for (int i = 0; i < 1000; ++i) fail("status " + std::to_string(i));
    EXPECT_EQ(told(), "warning: policy d.test: status 0\n");
}

TEST_F(RepeatsTest, DomainsAndTroublesDoNotHideEachOther) {
    fail("500");
    repeats.failed({{Topic::policy, "d.test"}, "disk"}, LogLevel::error, status, "full");
    repeats.failed({{Topic::policy, "e.test"}, "fetch"}, LogLevel::warning, status, "500");
    repeats.failed({{Topic::dns, "d.test"}, "fetch"}, LogLevel::warning, status, "SERVFAIL");
    EXPECT_EQ(told(),
              "warning: policy d.test: 500\nerror: policy d.test: full\nwarning: policy e.test: 500\n"
              "warning: dns d.test: SERVFAIL\n");
}

TEST_F(RepeatsTest, TheEndIsToldOnceWithTheCount) {
    work();
    EXPECT_EQ(told(), "") << "nothing was wrong";
    fail("500");
    clock.advance(10min);
    fail("500");
    fail("500");
    told();
    work();
    EXPECT_EQ(told(), "info: policy d.test: fetched again, after 3 failures since 2026-12-01T00:00:00Z\n");
    work();
    clock.advance(2h);
    repeats.tell_counts();
    EXPECT_EQ(told(), "");
    fail("500");
    EXPECT_EQ(told(), "warning: policy d.test: 500\n") << "a new trouble";
}

TEST_F(RepeatsTest, TheEndOfARareFailureIsToldToo) {
    fail("500");
    for (int hour = 1; hour < 4; ++hour) {
        clock.advance(1h);
        repeats.tell_counts();
        fail("500");
    }
    told();
    clock.advance(1h);
    repeats.tell_counts();
    work();
    EXPECT_EQ(told(), "info: policy d.test: fetched again, after 4 failures since 2026-12-01T00:00:00Z\n");
}

TEST_F(RepeatsTest, WhatComesAndGoesIsCounted) {
    for (int i = 0; i < 100; ++i) {
        fail("500");
        work();
    }
    EXPECT_EQ(told(),
              "warning: policy d.test: 500\n"
              "info: policy d.test: fetched again, after 1 failure since 2026-12-01T00:00:00Z\n");
    clock.advance(1h);
    repeats.tell_counts();
    EXPECT_EQ(told(), "warning: policy d.test: 500; 99 failures since 2026-12-01T00:00:00Z, none now\n");
}

TEST_F(RepeatsTest, WhatNobodyHearsEndsUnheard) {
    write_log_with(LogLevel::info, [](const Line&) { FAIL(); });
    fail("500", LogLevel::debug);
    work();
}

TEST_F(RepeatsTest, TheMemoryIsBoundedAndLosesNoCount) {
    Repeats two(clock, 2);
    const auto fail_at = [&two](const char* domain) {
        two.failed({{Topic::policy, domain}, "fetch"}, LogLevel::warning, status, "500");
    };
    fail_at("a.test");
    fail_at("a.test");
    fail_at("a.test");
    fail_at("b.test");
    told();
    fail_at("c.test");
    EXPECT_EQ(told(),
              "warning: policy a.test: 500; 2 failures since 2026-12-01T00:00:00Z\n"
              "warning: policy c.test: 500\n");
    fail_at("b.test");
    EXPECT_EQ(told(), "") << "still remembered";
    fail_at("a.test");
    EXPECT_EQ(
        told(),
        "warning: policy b.test: 500; 1 failure since 2026-12-01T00:00:00Z\nwarning: policy a.test: 500\n")
        << "b was told longest ago";
}

TEST_F(RepeatsTest, WhatWaitsToBeToldIsBoundedToo) {
    const std::string long_text(3000, 'x');
    fail(long_text);
    EXPECT_EQ(told(), "warning: policy d.test: " + long_text + "\n");
    fail(long_text);
    clock.advance(1h);
    repeats.tell_counts();
    EXPECT_LT(told().size(), max_remembered_text + 100);
}

TEST_F(RepeatsTest, WhatIsNotMendedIsForgottenAfterADay) {
    fail("500");
    told();
    clock.advance(24h);
    repeats.tell_counts();
    work();
    EXPECT_EQ(told(), "");
}

TEST_F(RepeatsTest, AWallClockThatJumpsChangesNothing) {
    fail("500");
    clock.set_wall(clock.wall() + 720h);
    fail("500");
    clock.set_wall(clock.wall() - 1440h);
    fail("500");
    EXPECT_EQ(told(), "warning: policy d.test: 500\n");
}

}  // namespace
}  // namespace sternpost
