#include "server.hpp"

#include <arpa/nameser.h>

#include <utility>

#include "sternpost/log/log.hpp"
#include "sternpost/loop/spawn.hpp"
#include "sternpost/loop/wait.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

// A question that waits for a confirmation must still end within the timeout.
constexpr int patience_part = 5;

}  // namespace

Server::Server(const asio::any_io_executor& executor, const asio::ip::udp::endpoint& endpoint,
               std::chrono::milliseconds timeout, bool believe_ad)
    : endpoint_(endpoint),
      believe_ad_(believe_ad),
      patience_(timeout / patience_part),
      channel_(std::make_shared<CaresChannel>(executor, endpoint, timeout)),
      probed_(std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max())) {}

awaitable<Result<Bytes>> Server::ask(std::string name, int type) {
    return channel_->ask(std::move(name), type);
}

void Server::stop() {
    channel_->stop();
}

void Server::take_over(const Server& former) {
    verdict_ = former.verdict_;
    probes_begun_ = probes_ended_ = former.probes_ended_;
}

// Also by an exception, or the next probe would wait for this one.
class Server::EndOfProbe {
public:
    explicit EndOfProbe(Server& server) : server_(server) {}
    ~EndOfProbe() {
        server_.probes_ended_ = server_.probes_begun_;
        server_.probed_->cancel();
    }
    EndOfProbe(const EndOfProbe&) = delete;
    EndOfProbe& operator=(const EndOfProbe&) = delete;

private:
    Server& server_;
};

awaitable<void> Server::probe() {
    if (probes_ended_ < probes_begun_) {
        const std::uint64_t running = probes_begun_;
        while (probes_ended_ < running) co_await wait(*probed_);
        co_return;
    }
    ++probes_begun_;
    const EndOfProbe end(*this);
    const auto bytes = co_await channel_->ask(".", ns_t_ns);
    if (!bytes) co_return;
    const auto answer = read_ns(*bytes, ".");
    if (answer) conclude(answer->authentic);
}

awaitable<void> Server::confirm() {
    const std::uint64_t next = probes_begun_ + 1;
    const auto until = std::chrono::steady_clock::now() + patience_;
    asio::steady_timer patience(probed_->get_executor(), until);
    patience.async_wait([probed = probed_](boost::system::error_code error) {
        if (!error) probed->cancel();
    });
    while (probes_ended_ < next && std::chrono::steady_clock::now() < until) {
        if (probes_ended_ == probes_begun_)
            spawn(probed_->get_executor(), "dns probe", probe_for_confirmation(shared_from_this()));
        co_await wait(*probed_);
    }
}

awaitable<void> Server::probe_for_confirmation(std::shared_ptr<Server> self) {
    co_await self->probe();
}

void Server::conclude(bool ad) {
    const bool validates = ad && believe_ad_;
    const Validation before = std::exchange(verdict_, validates ? Validation::yes : Validation::no);
    if (verdict_ == before) return;
    if (validates) {
        say(LogLevel::info, Topic::dns, "{} validates DNSSEC", name());
    } else if (ad) {
        say(LogLevel::warning, Topic::dns,
            "the AD bit of {} is not believed, as anybody on the way there could forge it; it is not "
            "asked about DANE, and without another server that validates MTA-STS alone decides, until [dns] "
            "trust-ad = true says that the way is safe",
            name());
    } else {
        say(LogLevel::warning, Topic::dns,
            "{} does not validate DNSSEC (no AD bit in its answer about the root); it is not asked "
            "about DANE, and without a server that validates, such as Unbound on this machine, MTA-STS "
            "alone decides",
            name());
    }
}

}  // namespace sternpost
