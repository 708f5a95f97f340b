#include "connector.hpp"

#include <charconv>

#include "seal.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/tls/trust_store.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

using ConnectionPtr = std::shared_ptr<RedisConnection>;

RedisConnection::TlsContext tls_of(const FleetOptions& options) {
    if (!options.tls) return nullptr;
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    TrustStore(options.ca_file).apply(context->native_handle());
    return context;
}

// An error that a server has replied; it contains nothing of what was asked.
Error refused(const FleetAddress& server, std::string_view what, std::string_view why) {
    return {Errc::temporary, to_string(server) + " refuses " + std::string(what) + ": " + printable(why)};
}

bool wants_password(const redisReply& reply) {
    return reply.type == REDIS_REPLY_ERROR && text_of(reply).starts_with("NOAUTH");
}

// Of ["192.0.2.1", "6379"]
Result<FleetAddress> address_in(const redisReply& reply, const FleetAddress& sentinel,
                                const std::string& master) {
    if (reply.type == REDIS_REPLY_ERROR) return tl::unexpected(refused(sentinel, "SENTINEL", text_of(reply)));
    if (reply.type != REDIS_REPLY_ARRAY || reply.elements != 2)
        return failure(Errc::temporary, to_string(sentinel) + " knows no master " + printable(master));
    const std::string_view host = text_of(*reply.element[0]), port = text_of(*reply.element[1]);
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(std::string(host), error);
    std::uint16_t number = 0;
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error || parsed.ec != std::errc() || number == 0)
        return failure(Errc::temporary,
                       to_string(sentinel) + " names a master by " + printable(host) +
                           ", which is no address: see announce-ip and announce-hostnames there");
    FleetAddress address;
    address.endpoint = asio::ip::tcp::endpoint(ip, number);
    return address;
}

}  // namespace

Connector::Connector(asio::any_io_executor executor, const FleetOptions& options)
    : executor_(std::move(executor)),
      options_(options),
      password_(options.password_file.empty() ? "" : read_password(options.password_file)),
      tls_(tls_of(options)) {}

awaitable<Connector::Connected> Connector::connect() const {
    if (!options_.sentinels.empty()) {
        auto master = co_await ask_sentinels();
        if (!master) co_return tl::unexpected(master.error());
        co_return co_await connect_to_master(std::move(*master));
    }
    Connected last = failure(Errc::temporary, "there is no server");
    for (const FleetAddress& server : options_.servers) {
        last = co_await connect_to_master(server);
        if (last) break;
    }
    co_return last;
}

awaitable<Connector::Connected> Connector::connect_to(FleetAddress address) const {
    const auto connection = std::make_shared<RedisConnection>(executor_, std::move(address), tls_);
    connection->limit(fleet_connect_time);
    auto done = co_await connection->connect();
    if (done) done = co_await introduce(connection);
    connection->no_limit();
    if (!done) co_return tl::unexpected(done.error());
    co_return connection;
}

awaitable<Connector::Connected> Connector::connect_to_master(FleetAddress address) const {
    auto connected = co_await connect_to(std::move(address));
    if (!connected) co_return connected;
    const ConnectionPtr connection = *connected;
    connection->limit(fleet_connect_time);
    Command role = command("ROLE");
    const auto reply = co_await connection->ask(std::move(role));
    connection->no_limit();
    if (!reply) co_return tl::unexpected(reply.error());
    if ((*reply)->type == REDIS_REPLY_ERROR)
        co_return tl::unexpected(refused(connection->address(), "ROLE", text_of(**reply)));
    const bool master = (*reply)->type == REDIS_REPLY_ARRAY && (*reply)->elements > 0 &&
                        text_of(*(*reply)->element[0]) == "master";
    if (!master) co_return failure(Errc::temporary, to_string(connection->address()) + " is no master");
    co_return connection;
}

awaitable<Result<void>> Connector::introduce(ConnectionPtr connection) const {
    if (password_.empty()) co_return Result<void>();
    Command auth =
        options_.user.empty() ? command("AUTH", password_) : command("AUTH", options_.user, password_);
    const auto reply = co_await connection->ask(std::move(auth));
    if (!reply) co_return tl::unexpected(reply.error());
    if ((*reply)->type == REDIS_REPLY_ERROR)
        co_return tl::unexpected(refused(connection->address(), "the password", text_of(**reply)));
    co_return Result<void>();
}

awaitable<Result<FleetAddress>> Connector::ask_sentinels() const {
    Result<FleetAddress> last = failure(Errc::temporary, "there is no Sentinel");
    for (const FleetAddress& sentinel : options_.sentinels) {
        last = co_await ask_sentinel(sentinel);
        if (last) break;
    }
    co_return last;
}

awaitable<Result<FleetAddress>> Connector::ask_sentinel(FleetAddress sentinel) const {
    const auto connection = std::make_shared<RedisConnection>(executor_, sentinel, tls_);
    connection->limit(fleet_connect_time);
    const auto connected = co_await connection->connect();
    if (!connected) co_return tl::unexpected(connected.error());
    const Command question = command("SENTINEL", "get-master-addr-by-name", options_.master);
    auto reply = co_await connection->ask(question);
    // Sentinels need not have a password of their own.
    if (reply && wants_password(**reply)) {
        const auto introduced = co_await introduce(connection);
        if (!introduced) co_return tl::unexpected(introduced.error());
        reply = co_await connection->ask(question);
    }
    connection->close();
    if (!reply) co_return tl::unexpected(reply.error());
    co_return address_in(**reply, sentinel, options_.master);
}

}  // namespace sternpost
