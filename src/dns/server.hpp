// One DNS server: its channel, and whether it validates.
//
// Ownership: held by shared_ptr, since a question keeps its server while a reload replaces the list of them.
// Threads:   one loop.
// Errors:    those of its channel; a probe has none: what fails leaves the last verdict as it is.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "cares_channel.hpp"
#include "sternpost/dns/resolver.hpp"

namespace sternpost {

class Server : public std::enable_shared_from_this<Server> {
public:
    // Throws std::runtime_error when c-ares cannot make a channel.
    Server(const boost::asio::any_io_executor& executor, const boost::asio::ip::udp::endpoint& endpoint,
           std::chrono::milliseconds timeout, bool believe_ad);

    boost::asio::awaitable<Result<Bytes>> ask(std::string name, int type);
    void stop();

    const std::string& name() const { return channel_->server(); }
    const boost::asio::ip::udp::endpoint& endpoint() const { return endpoint_; }
    bool believes_ad() const { return believe_ad_; }
    bool lacks_descriptor() const { return channel_->lacks_descriptor(); }
    // Of one whose AD bit is not believed, this is known without asking.
    Validation validation() const { return believe_ad_ ? verdict_ : Validation::no; }
    // Whether a probe has ended, even if without an answer.
    bool probed() const { return probes_ended_ > 0; }
    // The verdict of the previous list's entry for the same server stays until the next probe.
    void take_over(const Server& former);

    // Asks for the name servers of the root, which are signed; joins a running probe.
    boost::asio::awaitable<void> probe();
    // An answer without the AD bit has come: only a probe begun after it shows whether the server still validates.
    // Answers that come while one is running share the next. A probe that takes too long leaves the last verdict.
    boost::asio::awaitable<void> confirm();

private:
    class EndOfProbe;
    static boost::asio::awaitable<void> probe_for_confirmation(std::shared_ptr<Server> self);
    void conclude(bool ad);

    boost::asio::ip::udp::endpoint endpoint_;
    bool believe_ad_;
    std::chrono::milliseconds patience_;  // with a probe for confirmation
    std::shared_ptr<CaresChannel> channel_;
    Validation verdict_ = Validation::unknown;
    std::uint64_t probes_begun_ = 0;
    std::uint64_t probes_ended_ = 0;
    std::shared_ptr<boost::asio::steady_timer> probed_;  // cancelled when a probe ends, or patience with it
};

}  // namespace sternpost
