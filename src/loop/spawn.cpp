#include "sternpost/loop/spawn.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

namespace asio = boost::asio;

namespace sternpost {

namespace {
std::atomic<std::size_t> live{0};
}

void spawn(const asio::any_io_executor& executor, const char* name, asio::awaitable<void> operation) {
    live.fetch_add(1, std::memory_order_relaxed);
    asio::co_spawn(executor, std::move(operation), [name](const std::exception_ptr& escaped) {
        live.fetch_sub(1, std::memory_order_relaxed);
        if (!escaped) return;
        try {
            std::rethrow_exception(escaped);
        } catch (const std::exception& error) {
            spdlog::error("internal error in \"{}\": {} (please report it)", name, error.what());
        }
    });
}

std::size_t running() {
    return live.load(std::memory_order_relaxed);
}

}  // namespace sternpost
