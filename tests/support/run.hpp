// Runs one coroutine to its end on an io_context, and fails instead of hanging.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

namespace sternpost::test {

inline constexpr std::chrono::seconds default_limit{60};  // only what fails takes as long

// Runs `io` until `done()`; throws when that takes longer than `limit`.
inline void run_until(boost::asio::io_context& io, const std::function<bool()>& done,
                      std::chrono::steady_clock::duration limit = default_limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    io.restart();
    while (!done()) {
        if (std::chrono::steady_clock::now() >= end) throw std::runtime_error("still pending at the limit");
        if (io.run_one_for(std::chrono::milliseconds(20)) == 0) io.restart();
    }
}

template <class Value>
Value run(boost::asio::io_context& io, boost::asio::awaitable<Value> operation,
          std::chrono::steady_clock::duration limit = default_limit) {
    std::optional<Value> result;
    std::exception_ptr escaped;
    boost::asio::co_spawn(io, std::move(operation), [&](std::exception_ptr error, Value value) {
        escaped = error;
        if (!error) result.emplace(std::move(value));
    });
    run_until(
        io, [&] { return result.has_value() || escaped; }, limit);
    if (escaped) std::rethrow_exception(escaped);
    return std::move(*result);
}

}  // namespace sternpost::test
