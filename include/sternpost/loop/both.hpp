// Waits for two coroutines at once.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace sternpost {

// Runs both on the caller's executor. When one throws, the other is cancelled, and once both have ended that exception is
// thrown, where Asio's operator && may throw what came of the cancellation.
boost::asio::awaitable<void> both(boost::asio::awaitable<void> one, boost::asio::awaitable<void> other);

}  // namespace sternpost
