#include "app/watchdog.hpp"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace asio = boost::asio;

namespace sternpost {
namespace {

using namespace std::chrono_literals;

// Two loops that go only as far as a test lets them.
class WatchdogTest : public testing::Test {
protected:
    // The resolve loop runs until the timer has fired.
    void let_the_timer_fire() { resolve_loop.run_one(); }

    asio::io_context answer_loop{1};
    asio::io_context resolve_loop{1};
    // They do not end when they have nothing to do.
    asio::executor_work_guard<asio::io_context::executor_type> answering{answer_loop.get_executor()};
    asio::executor_work_guard<asio::io_context::executor_type> resolving{resolve_loop.get_executor()};
    int signs = 0;
    Watchdog watchdog{answer_loop.get_executor(), resolve_loop.get_executor(), [this] { ++signs; }};
};

TEST_F(WatchdogTest, SignsOfLifeGoThroughBothLoops) {
    watchdog.start(1us);
    for (int round = 1; round <= 3; ++round) {
        let_the_timer_fire();
        EXPECT_EQ(answer_loop.poll(), 1u);
        EXPECT_EQ(resolve_loop.run_one(), 1u);
        EXPECT_EQ(signs, round);
    }
}

TEST_F(WatchdogTest, AnAnswerLoopThatHangsGivesNoSign) {
    watchdog.start(1us);
    let_the_timer_fire();
    EXPECT_EQ(resolve_loop.poll(), 0u);
    EXPECT_EQ(signs, 0);
}

TEST_F(WatchdogTest, AResolveLoopThatHangsGivesNoSign) {
    watchdog.start(1us);
    let_the_timer_fire();
    EXPECT_EQ(answer_loop.poll(), 1u);
    EXPECT_EQ(answer_loop.poll(), 0u);
    EXPECT_EQ(signs, 0);
}

TEST_F(WatchdogTest, AStopEndsTheSigns) {
    watchdog.start(1us);
    let_the_timer_fire();
    watchdog.stop();
    answer_loop.poll();
    resolve_loop.poll();
    EXPECT_EQ(signs, 1);  // the one that was under way
}

TEST_F(WatchdogTest, NobodyWantsASign) {
    watchdog.start(0us);
    EXPECT_EQ(resolve_loop.poll(), 0u);
}

}  // namespace
}  // namespace sternpost
