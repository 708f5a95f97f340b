#include "sternpost/loop/spawn.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "sternpost/log/log.hpp"

namespace asio = boost::asio;

namespace sternpost {

namespace {
std::atomic<std::size_t> live{0};

void end(const char* name, const std::exception_ptr& escaped) {
    live.fetch_sub(1, std::memory_order_relaxed);
    if (!escaped) return;
    try {
        std::rethrow_exception(escaped);
    } catch (const std::exception& error) {
        say(LogLevel::error, Topic::daemon, "internal error in \"{}\": {} (please report it)", name,
            error.what());
    }
}

}  // namespace

void spawn(const asio::any_io_executor& executor, const char* name, asio::awaitable<void> operation) {
    live.fetch_add(1, std::memory_order_relaxed);
    // co_spawn alone would run the first step here and now if the caller is already on the loop.
    asio::post(executor, [executor, name, operation = std::move(operation)]() mutable {
        asio::co_spawn(executor, std::move(operation),
                       [name](const std::exception_ptr& escaped) { end(name, escaped); });
    });
}

std::size_t running() {
    return live.load(std::memory_order_relaxed);
}

}  // namespace sternpost
