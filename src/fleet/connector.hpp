// The way to the master: by a list of servers, or by what Sentinels say; with TLS, password and a check of its role.
//
// Threads: one loop.
// Errors:  Errc::temporary or Errc::untrusted, about the last server that was tried; std::runtime_error from the
//          constructor for files that cannot be used.
#pragma once

#include "redis_connection.hpp"

namespace sternpost {

class Connector {
public:
    Connector(boost::asio::any_io_executor executor, const FleetOptions& options);

    using Connected = Result<std::shared_ptr<RedisConnection>>;
    // To a server that says that it is a master.
    boost::asio::awaitable<Connected> connect() const;
    // Another one to the same server.
    boost::asio::awaitable<Connected> connect_to(FleetAddress address) const;

private:
    boost::asio::awaitable<Result<FleetAddress>> ask_sentinels() const;
    boost::asio::awaitable<Result<FleetAddress>> ask_sentinel(FleetAddress sentinel) const;
    boost::asio::awaitable<Result<void>> introduce(std::shared_ptr<RedisConnection> connection) const;
    boost::asio::awaitable<Connected> connect_to_master(FleetAddress address) const;

    boost::asio::any_io_executor executor_;
    FleetOptions options_;
    std::string password_;
    RedisConnection::TlsContext tls_;
};

}  // namespace sternpost
