// Tells the service manager that both loops are alive: each sign of life has gone through both, so that a single loop
// that hangs ends the signs.
//
// Ownership: the loops outlive it, and run nothing of it after stop().
// Threads:   the resolve loop's; `sign` is called there.
// Time:      steady; signs come an `interval` apart, and not while the last one is still under way.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>

namespace sternpost {

class Watchdog {
public:
    Watchdog(boost::asio::any_io_executor answer_loop, boost::asio::any_io_executor resolve_loop,
             std::function<void()> sign);

    // An interval of zero: nobody wants a sign.
    void start(std::chrono::microseconds interval);
    void stop();

private:
    void wait();
    void ask_the_loops();

    boost::asio::any_io_executor answer_loop_;
    boost::asio::any_io_executor resolve_loop_;
    std::function<void()> sign_;
    std::chrono::microseconds interval_{0};
    boost::asio::steady_timer next_;
    bool stopped_ = false;
};

}  // namespace sternpost
