#include "readiness.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <span>
#include <system_error>

namespace asio = boost::asio;

namespace sternpost {

namespace {

int new_epoll() {
    const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    return descriptor;
}

}  // namespace

Readiness::Readiness(const asio::any_io_executor& executor) : epoll_(executor, new_epoll()) {}

bool Readiness::watch(int socket, std::uint32_t events, Watcher& watcher) {
    return control(EPOLL_CTL_ADD, socket, events, &watcher);
}

void Readiness::change(int socket, std::uint32_t events, Watcher& watcher) {
    control(EPOLL_CTL_MOD, socket, events, &watcher);
}

void Readiness::forget(int socket) {
    if (epoll_.is_open()) ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
}

bool Readiness::control(int operation, int socket, std::uint32_t events, Watcher* watcher) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = watcher;
    return ::epoll_ctl(epoll_.native_handle(), operation, socket, &event) == 0;
}

asio::awaitable<void> Readiness::wait() {
    boost::system::error_code ignored;
    co_await epoll_.async_wait(asio::posix::stream_descriptor::wait_read,
                               asio::redirect_error(asio::use_awaitable, ignored));
}

void Readiness::tell() {
    std::array<epoll_event, max_ready_at_once> ready;
    const int count = ::epoll_wait(epoll_.native_handle(), ready.data(), static_cast<int>(ready.size()), 0);
    const SteadyTime turn = std::chrono::steady_clock::now();
    const std::span reported = std::span(ready).first(static_cast<std::size_t>(std::max(count, 0)));
    for (const epoll_event& event : reported) static_cast<Watcher*>(event.data.ptr)->on_ready(event.events);
    for (const epoll_event& event : reported) static_cast<Watcher*>(event.data.ptr)->go_on(turn);
}

void Readiness::close() {
    boost::system::error_code ignored;
    epoll_.close(ignored);
}

}  // namespace sternpost
