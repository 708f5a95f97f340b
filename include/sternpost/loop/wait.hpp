// Waits for a timer in a coroutine.
//
// Threads: the timer's loop. The timer lives until the wait has ended.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sternpost {

// Until it expires or is cancelled.
boost::asio::awaitable<void> wait(boost::asio::steady_timer& timer);

}  // namespace sternpost
