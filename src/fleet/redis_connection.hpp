// One connection to a Valkey, Redis or Sentinel: commands out, replies back, over TCP, TLS or a UNIX socket.
//
// Ownership: shared by whoever reads and whoever writes; close() ends the operations of both.
// Threads:   one loop. One reads at a time; send() may be called at any time.
// Errors:    Errc::temporary with the cause in words; Errc::overloaded when too much waits to be sent. Anything that is
//            not a reply, or exceeds the limits of one, is Errc::invalid, and nothing can be read after it.
#pragma once

#include <hiredis/hiredis.h>

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sternpost/base/result.hpp"
#include "sternpost/fleet/redis_fleet.hpp"

namespace sternpost {

using Command = std::vector<std::string>;

template <class... Words>
Command command(Words&&... words) {
    Command made;
    made.reserve(sizeof...(words));
    (made.emplace_back(std::forward<Words>(words)), ...);
    return made;
}

struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using RedisReply = std::unique_ptr<redisReply, FreeReply>;

// The text of a string, status or error; empty for anything else.
std::string_view text_of(const redisReply& reply);

// "unix:/run/redis.sock", "192.0.2.1:6379"
std::string to_string(const FleetAddress& address);

class RedisConnection : public std::enable_shared_from_this<RedisConnection> {
public:
    using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

    // `tls`: null for none.
    RedisConnection(boost::asio::any_io_executor executor, FleetAddress address, TlsContext tls);

    // With the TLS handshake: the certificate must be valid for the address.
    boost::asio::awaitable<Result<void>> connect();
    Result<void> send(const Command& command);
    boost::asio::awaitable<Result<RedisReply>> read();
    // send() and read().
    boost::asio::awaitable<Result<RedisReply>> ask(Command command);

    // Closes it at the end of `time`, unless no_limit() is called before.
    void limit(std::chrono::milliseconds time);
    void no_limit() { limit_.cancel(); }
    void close();
    const FleetAddress& address() const { return address_; }

private:
    struct FreeReader {
        void operator()(redisReader* reader) const { redisReaderFree(reader); }
    };

    static boost::asio::awaitable<void> write_all(std::shared_ptr<RedisConnection> self);
    boost::asio::awaitable<Result<void>> shake_hands();
    Error broken(const boost::system::error_code& error) const;

    boost::asio::any_io_executor executor_;
    FleetAddress address_;
    TlsContext tls_context_;
    boost::asio::generic::stream_protocol::socket socket_;
    std::optional<boost::asio::ssl::stream<boost::asio::generic::stream_protocol::socket&>> tls_;
    boost::asio::steady_timer limit_;
    std::unique_ptr<redisReader, FreeReader> reader_;
    std::array<char, 16384> buffer_{};
    std::string unsent_;
    bool writing_ = false;
    bool too_slow_ = false;  // closed at the end of its limit
};

}  // namespace sternpost
