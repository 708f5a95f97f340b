#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

#include "sternpost/loop/both.hpp"
#include "sternpost/loop/fd_watches.hpp"
#include "sternpost/loop/spawn.hpp"
#include "tests/support/captured_log.hpp"
#include "tests/support/run.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {
namespace {

awaitable<void> note(std::vector<int>& steps, int step) {
    steps.push_back(step);
    co_return;
}

awaitable<void> fail() {
    throw std::runtime_error("out of luck");
    co_return;
}

TEST(Spawn, NeverStartsInsideTheCall) {
    asio::io_context io(1);
    std::vector<int> steps;
    asio::post(io, [&] {
        spawn(io.get_executor(), "test", note(steps, 2));
        steps.push_back(1);
    });
    io.run();
    EXPECT_EQ(steps, (std::vector{1, 2}));
}

TEST(Spawn, CountsWhatRuns) {
    asio::io_context io(1);
    std::vector<int> steps;
    const std::size_t before = running();
    spawn(io.get_executor(), "test", note(steps, 1));
    EXPECT_EQ(running(), before + 1);
    io.run();
    EXPECT_EQ(running(), before);
}

TEST(Spawn, AnExceptionEndsOnlyItsCoroutineAndIsLoggedByName) {
    const test::CapturedLog log;
    asio::io_context io(1);
    std::vector<int> steps;
    spawn(io.get_executor(), "unlucky", fail());
    spawn(io.get_executor(), "lucky", note(steps, 1));
    io.run();
    EXPECT_EQ(steps, std::vector{1});
    EXPECT_TRUE(log.has(R"(error: internal error in "unlucky": out of luck)")) << log.text();
}

awaitable<void> wait_long(std::vector<int>& steps) {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
    try {
        co_await timer.async_wait(asio::use_awaitable);
    } catch (...) {
        steps.push_back(1);
        throw;
    }
}

TEST(Both, WaitsForBoth) {
    asio::io_context io(1);
    std::vector<int> steps;
    spawn(io.get_executor(), "two", both(note(steps, 1), note(steps, 2)));
    io.run();
    EXPECT_EQ(steps, (std::vector{1, 2}));
}

TEST(Both, TheFirstExceptionCountsAndNotWhatItBreaksOff) {
    const test::CapturedLog log;
    asio::io_context io(1);
    std::vector<int> steps;
    spawn(io.get_executor(), "two", both(wait_long(steps), fail()));
    io.run();
    EXPECT_EQ(steps, std::vector{1}) << "the other one has ended, too";
    EXPECT_TRUE(log.has(R"(error: internal error in "two": out of luck)")) << log.text();
}

// A pair of connected sockets; the second end is the test's.
class FdWatchesTest : public testing::Test {
protected:
    FdWatchesTest() {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) != 0)
            throw std::runtime_error("socketpair");
        watches =
            std::make_unique<FdWatches>(io.get_executor(), [this](int fd, bool readable, bool writable) {
                EXPECT_EQ(fd, ends[0]);
                reads += readable ? 1 : 0;
                writes += writable ? 1 : 0;
                if (on_ready) on_ready();
            });
    }
    ~FdWatchesTest() override {
        watches.reset();
        for (const int end : ends)
            if (end >= 0) ::close(end);
    }
    void make_readable() { ASSERT_EQ(::write(ends[1], "x", 1), 1); }
    void drain() {
        char byte = 0;
        while (::read(ends[0], &byte, 1) == 1) continue;
    }
    void poll() {
        io.restart();
        for (int i = 0; i < 10; ++i) io.poll_one();
    }

    asio::io_context io{1};
    std::array<int, 2> ends{-1, -1};
    std::unique_ptr<FdWatches> watches;
    std::function<void()> on_ready;
    int reads = 0;
    int writes = 0;
};

TEST_F(FdWatchesTest, TellsOnlyWhatIsWanted) {
    watches->set(ends[0], true, false);
    poll();
    EXPECT_EQ(reads + writes, 0);
    on_ready = [this] { drain(); };
    make_readable();
    poll();
    EXPECT_EQ(reads, 1);
    EXPECT_EQ(writes, 0) << "it is writable, but nobody asked";
    make_readable();
    poll();
    EXPECT_EQ(reads, 2) << "watched until told otherwise";
}

TEST_F(FdWatchesTest, TellsAgainWhatWasLeftUnread) {
    watches->set(ends[0], true, false);
    make_readable();
    test::run_until(io, [this] { return reads >= 3; });
}

TEST_F(FdWatchesTest, AnEndedWatchIsSilent) {
    watches->set(ends[0], true, true);
    make_readable();
    watches->set(ends[0], false, false);
    EXPECT_EQ(watches->size(), 0U);
    poll();
    EXPECT_EQ(reads + writes, 0);
}

TEST_F(FdWatchesTest, MayBeChangedFromItsOwnCallback) {
    watches->set(ends[0], true, true);
    make_readable();
    on_ready = [this] { watches->set(ends[0], false, false); };
    poll();
    EXPECT_EQ(reads + writes, 1);
    EXPECT_EQ(watches->size(), 0U);
}

TEST_F(FdWatchesTest, TheLibraryMayCloseItsDescriptorFirst) {
    watches->set(ends[0], true, false);
    ::close(std::exchange(ends[0], -1));
    watches->set(ends[0], false, false);
    poll();
    EXPECT_EQ(reads + writes, 0);
}

// One epoll descriptor within the other, deeper than the kernel allows (epoll_ctl(2): ELOOP).
TEST_F(FdWatchesTest, SaysSoWhenTheSystemRefusesTheWatch) {
    std::vector<int> nested;
    for (int depth = 0; depth < 8; ++depth) {
        nested.push_back(::epoll_create1(EPOLL_CLOEXEC));
        epoll_event event{};
        event.events = EPOLLIN;
        if (depth > 0) ::epoll_ctl(nested[depth], EPOLL_CTL_ADD, nested[depth - 1], &event);
    }
    bool refused = false;
    for (const int fd : nested) refused = refused || !watches->set(fd, true, false);
    EXPECT_TRUE(refused);
    EXPECT_LT(watches->size(), nested.size());
    for (const int fd : nested) ::close(fd);
}

TEST_F(FdWatchesTest, MayGoWhileAWaitIsUnderWay) {
    watches->set(ends[0], true, true);
    make_readable();
    watches.reset();
    poll();
    EXPECT_EQ(reads + writes, 0);
}

}  // namespace
}  // namespace sternpost
