// The one way to start a coroutine: named and counted; an exception that escapes is logged and ends only it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>

namespace sternpost {

// `name` is a literal: it appears in the log when an exception escapes from `operation`.
// Threads: any; `operation` runs on `executor`, never inside spawn() itself.
void spawn(const boost::asio::any_io_executor& executor, const char* name,
           boost::asio::awaitable<void> operation);

// How many spawned coroutines have not ended yet, in the whole program.
std::size_t running();

}  // namespace sternpost
