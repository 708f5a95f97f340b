// Runs one coroutine of a command, and all that it begins, to the end; what escapes from it is thrown.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <utility>

namespace sternpost {

template <class Value>
Value run_to_end(boost::asio::io_context& io, boost::asio::awaitable<Value> operation) {
    auto result = boost::asio::co_spawn(io, std::move(operation), boost::asio::use_future);
    io.run();
    return result.get();
}

}  // namespace sternpost
