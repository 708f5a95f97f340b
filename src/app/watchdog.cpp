#include "watchdog.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace asio = boost::asio;

namespace sternpost {

Watchdog::Watchdog(asio::any_io_executor answer_loop, asio::any_io_executor resolve_loop,
                   std::function<void()> sign)
    : answer_loop_(std::move(answer_loop)),
      resolve_loop_(std::move(resolve_loop)),
      sign_(std::move(sign)),
      next_(resolve_loop_) {}

void Watchdog::start(std::chrono::microseconds interval) {
    if (interval <= interval.zero()) return;
    interval_ = interval;
    wait();
}

void Watchdog::stop() {
    stopped_ = true;
    next_.cancel();
}

void Watchdog::wait() {
    if (stopped_) return;
    next_.expires_after(interval_);
    next_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) ask_the_loops();
    });
}

void Watchdog::ask_the_loops() {
    asio::post(answer_loop_, [this] {
        asio::post(resolve_loop_, [this] {
            sign_();
            wait();
        });
    });
}

}  // namespace sternpost
