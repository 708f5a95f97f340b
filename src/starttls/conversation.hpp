// One SMTP conversation up to TLS: connect, EHLO, STARTTLS, handshake, QUIT.
//
// Ownership: its coroutine's; `trust` outlives it.
// Threads:   one loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <string>
#include <string_view>

#include "sternpost/base/result.hpp"
#include "sternpost/starttls/starttls_probe.hpp"

namespace sternpost {

class Conversation {
public:
    Conversation(const boost::asio::any_io_executor& executor, MxTarget target, const TrustStore& trust);

    // Until it has come to an end, good or bad.
    boost::asio::awaitable<void> hold();
    // Even of one that was broken off.
    StarttlsReport& report() { return report_; }

private:
    // All lines of a reply from the server, and its code.
    struct Reply {
        int code = 0;
        std::string text;
    };

    boost::asio::awaitable<bool> connect();
    boost::asio::awaitable<bool> ask_for_tls();
    boost::asio::awaitable<void> shake_hands();
    boost::asio::awaitable<Result<Reply>> read_reply();
    boost::asio::awaitable<Result<Reply>> say(std::string line);
    std::string own_name() const;
    bool fail(std::string why);

    MxTarget target_;
    const TrustStore& trust_;
    StarttlsReport report_;
    boost::asio::ip::tcp::socket socket_;
    boost::asio::ssl::context context_{boost::asio::ssl::context::tls_client};
    std::string unread_;
};

}  // namespace sternpost
