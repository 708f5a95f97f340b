#include "fleet/breaker.hpp"

#include <gtest/gtest.h>

namespace sternpost {
namespace {

using namespace std::chrono_literals;

TEST(Breaker, OpensAfterFailuresInARow) {
    Breaker breaker;
    SteadyTime now{};
    EXPECT_FALSE(breaker.note_failure(now));
    EXPECT_FALSE(breaker.note_failure(now));
    breaker.note_success();
    EXPECT_FALSE(breaker.note_failure(now));
    EXPECT_FALSE(breaker.note_failure(now));
    EXPECT_EQ(breaker.rest(now), 0s);
    EXPECT_TRUE(breaker.note_failure(now));
    EXPECT_EQ(breaker.rest(now), 1s);
    EXPECT_EQ(breaker.rest(now + 1s), 0s);
}

TEST(Breaker, TriesOnceAfterEachRestWhichGrows) {
    Breaker breaker;
    SteadyTime now{};
    breaker.note_failure(now);
    breaker.note_failure(now);
    for (const auto rest : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
        EXPECT_TRUE(breaker.note_failure(now));
        EXPECT_EQ(breaker.rest(now), rest);
        now += rest;
    }
    breaker.note_success();
    breaker.note_failure(now);
    breaker.note_failure(now);
    EXPECT_TRUE(breaker.note_failure(now));
    EXPECT_EQ(breaker.rest(now), 1s);
}

}  // namespace
}  // namespace sternpost
