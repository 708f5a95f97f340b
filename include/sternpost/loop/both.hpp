// Waits for two coroutines at once.
//
// Threads: both run on the executor of whoever waits.
// Errors:  what the first one to throw throws, once both have ended; if one throws, the other is cancelled. (Asio's
//          operator && may throw the result of the cancellation instead.)
#pragma once

#include <boost/asio/awaitable.hpp>

namespace sternpost {

boost::asio::awaitable<void> both(boost::asio::awaitable<void> one, boost::asio::awaitable<void> other);

}  // namespace sternpost
