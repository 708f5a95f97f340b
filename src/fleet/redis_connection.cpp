#include "redis_connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <sstream>

#include "sternpost/base/printable.hpp"
#include "sternpost/loop/spawn.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

constexpr auto as_value = asio::as_tuple(asio::use_awaitable);

const redisReplyObjectFunctions& functions_of_hiredis() {
    static const redisReplyObjectFunctions functions =
        *std::unique_ptr<redisReader, void (*)(redisReader*)>(redisReaderCreate(), redisReaderFree)->fn;
    return functions;
}

// hiredis makes room for as many elements as the head of a list says; it has a limit of its own (maxelements) since 1.0,
// where `Count` is std::size_t instead of int.
template <class Count>
void* make_list(const redisReadTask* task, Count count) {
    if (static_cast<std::size_t>(count) > max_fleet_reply_elements) return nullptr;
    return functions_of_hiredis().createArray(task, count);
}

redisReader* make_reader() {
    static redisReplyObjectFunctions functions = [] {
        redisReplyObjectFunctions with_limit = functions_of_hiredis();
        with_limit.createArray = make_list;
        return with_limit;
    }();
    return redisReaderCreateWithFunctions(&functions);
}

asio::generic::stream_protocol::endpoint endpoint_of(const FleetAddress& address) {
    if (address.path.empty()) return address.endpoint;
    return asio::local::stream_protocol::endpoint(address.path);
}

}  // namespace

std::string_view text_of(const redisReply& reply) {
    const bool is_text = reply.type == REDIS_REPLY_STRING || reply.type == REDIS_REPLY_STATUS ||
                         reply.type == REDIS_REPLY_ERROR;
    return is_text ? std::string_view(reply.str, reply.len) : std::string_view();
}

std::string to_string(const FleetAddress& address) {
    if (!address.path.empty()) return "unix:" + address.path;
    std::ostringstream text;
    text << address.endpoint;
    return text.str();
}

RedisConnection::RedisConnection(asio::any_io_executor executor, FleetAddress address, TlsContext tls)
    : executor_(std::move(executor)),
      address_(std::move(address)),
      tls_context_(std::move(tls)),
      socket_(executor_),
      limit_(executor_),
      reader_(make_reader()) {}

Error RedisConnection::broken(const boost::system::error_code& error) const {
    return {Errc::temporary,
            to_string(address_) + ": " + (too_slow_ ? "no answer in time" : error.message())};
}

awaitable<Result<void>> RedisConnection::connect() {
    const auto endpoint = endpoint_of(address_);
    const auto [error] = co_await socket_.async_connect(endpoint, as_value);
    if (error) co_return tl::unexpected(broken(error));
    boost::system::error_code ignored;
    // A command does not wait for others to fill a packet.
    if (address_.path.empty()) socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (!tls_context_) co_return Result<void>();
    co_return co_await shake_hands();
}

awaitable<Result<void>> RedisConnection::shake_hands() {
    tls_.emplace(socket_, *tls_context_);
    SSL* session = tls_->native_handle();
    SSL_set_verify(session, SSL_VERIFY_PEER, nullptr);
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), address_.endpoint.address().to_string().c_str());
    const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, as_value);
    if (!error) co_return Result<void>();
    const long verdict = SSL_get_verify_result(session);
    if (verdict == X509_V_OK || too_slow_) co_return tl::unexpected(broken(error));
    co_return failure(Errc::untrusted, to_string(address_) + ": its certificate does not do: " +
                                           X509_verify_cert_error_string(verdict));
}

Result<void> RedisConnection::send(const Command& command) {
    std::vector<const char*> words;
    std::vector<std::size_t> lengths;
    for (const std::string& word : command) {
        words.push_back(word.data());
        lengths.push_back(word.size());
    }
    char* formatted = nullptr;
    const auto length =
        redisFormatCommandArgv(&formatted, static_cast<int>(words.size()), words.data(), lengths.data());
    if (length < 0) return failure(Errc::temporary, "no memory for a command");
    const std::unique_ptr<char, void (*)(char*)> owned(formatted, redisFreeCommand);
    if (unsent_.size() + static_cast<std::size_t>(length) > max_fleet_unsent_bytes)
        return failure(Errc::overloaded, to_string(address_) + ": too much waits to be sent to it");
    unsent_.append(formatted, static_cast<std::size_t>(length));
    if (!std::exchange(writing_, true)) spawn(executor_, "fleet write", write_all(shared_from_this()));
    return {};
}

// Whoever reads notices what fails here.
awaitable<void> RedisConnection::write_all(std::shared_ptr<RedisConnection> self) {
    while (!self->unsent_.empty()) {
        const std::string bytes = std::exchange(self->unsent_, {});
        boost::system::error_code failed;
        if (self->tls_) {
            const auto [error, count] =
                co_await asio::async_write(*self->tls_, asio::buffer(bytes), as_value);
            failed = error;
        } else {
            const auto [error, count] =
                co_await asio::async_write(self->socket_, asio::buffer(bytes), as_value);
            failed = error;
        }
        if (!failed) continue;
        self->close();
        co_return;
    }
    self->writing_ = false;
}

awaitable<Result<RedisReply>> RedisConnection::read() {
    for (std::size_t bytes = 0; bytes < max_fleet_reply_bytes;) {
        void* reply = nullptr;
        if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) {
            if (reader_->err == REDIS_ERR_OOM) break;  // by make_list(), too
            co_return failure(Errc::invalid,
                              to_string(address_) + ": no reply of Valkey or Redis: " + reader_->errstr);
        }
        if (reply != nullptr) co_return RedisReply(static_cast<redisReply*>(reply));
        boost::system::error_code failed;
        std::size_t got = 0;
        if (tls_) {
            const auto [error, count] = co_await tls_->async_read_some(asio::buffer(buffer_), as_value);
            failed = error;
            got = count;
        } else {
            const auto [error, count] = co_await socket_.async_read_some(asio::buffer(buffer_), as_value);
            failed = error;
            got = count;
        }
        if (failed) co_return tl::unexpected(broken(failed));
        redisReaderFeed(reader_.get(), buffer_.data(), got);
        bytes += got;
    }
    co_return failure(Errc::invalid, to_string(address_) + ": a reply is longer than any should be");
}

awaitable<Result<RedisReply>> RedisConnection::ask(Command command) {
    const auto sent = send(command);
    if (!sent) co_return tl::unexpected(sent.error());
    co_return co_await read();
}

void RedisConnection::limit(std::chrono::milliseconds time) {
    limit_.expires_after(time);
    limit_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (error || !self) return;
        self->too_slow_ = true;
        self->close();
    });
}

void RedisConnection::close() {
    limit_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
}

}  // namespace sternpost
