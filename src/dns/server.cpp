#include "server.hpp"

#include <arpa/nameser.h>
#include <spdlog/spdlog.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

Server::Server(const asio::any_io_executor& executor, const asio::ip::udp::endpoint& endpoint,
               std::chrono::milliseconds timeout, bool believe_ad)
    : believe_ad_(believe_ad),
      channel_(std::make_shared<CaresChannel>(executor, endpoint, timeout)),
      probed_(executor, asio::steady_timer::time_point::max()) {}

awaitable<Result<Bytes>> Server::ask(std::string name, int type) {
    return channel_->ask(std::move(name), type);
}

void Server::stop() {
    channel_->stop();
}

void Server::take_over(const Server& former) {
    verdict_ = former.verdict_;
}

awaitable<void> Server::probe() {
    if (probing_) {
        boost::system::error_code ignored;
        while (probing_) co_await probed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return;
    }
    probing_ = true;
    unsigned_since_probe_ = false;
    const auto bytes = co_await channel_->ask(".", ns_t_ns);
    if (bytes) {
        const auto answer = read_ns(*bytes, ".");
        if (answer) conclude(answer->authentic);
    }
    probing_ = false;
    probed_.cancel();
}

awaitable<void> Server::note_unsigned_answer() {
    if (unsigned_since_probe_) co_return;
    co_await probe();
    unsigned_since_probe_ = true;
}

void Server::conclude(bool ad) {
    const bool validates = ad && believe_ad_;
    const Validation before = std::exchange(verdict_, validates ? Validation::yes : Validation::no);
    if (verdict_ == before) return;
    if (validates) {
        spdlog::info("dns: {} validates DNSSEC", name());
    } else if (ad) {
        spdlog::warn(
            "dns: the AD bit of {} is not believed, as anybody on the way there could forge it; it is not "
            "asked about DANE, and without another server that validates MTA-STS alone decides, until [dns] "
            "trust-ad = true says that the way is safe",
            name());
    } else {
        spdlog::warn(
            "dns: {} does not validate DNSSEC (no AD bit in its answer about the root); it is not asked "
            "about DANE, and without a server that validates, such as Unbound on this machine, MTA-STS "
            "alone decides",
            name());
    }
}

}  // namespace sternpost
