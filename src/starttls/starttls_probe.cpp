#include "sternpost/starttls/starttls_probe.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "conversation.hpp"

namespace asio = boost::asio;

namespace sternpost {

asio::awaitable<StarttlsReport> StarttlsProbe::look(MxTarget target) const {
    using asio::experimental::awaitable_operators::operator||;
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, probe_time);
    Conversation conversation(executor, std::move(target), trust_);
    const auto first =
        co_await (conversation.hold() || timer.async_wait(asio::as_tuple(asio::use_awaitable)));
    StarttlsReport report = std::move(conversation.report());
    if (first.index() == 1 && report.tls_version.empty())
        report.failure = "it has not come to TLS within " + std::to_string(probe_time.count()) + " s";
    co_return report;
}

}  // namespace sternpost
