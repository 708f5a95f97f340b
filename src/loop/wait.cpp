#include "sternpost/loop/wait.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace asio = boost::asio;

namespace sternpost {

asio::awaitable<void> wait(asio::steady_timer& timer) {
    boost::system::error_code cancelled;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

}  // namespace sternpost
