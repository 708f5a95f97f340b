#include "http_session.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <utility>

#include "sternpost/admin/admin_server.hpp"

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::awaitable;

namespace sternpost {

namespace {

// Room for what a peer sends before it is read: more than the header limit, or a header over it would go unnoticed.
constexpr std::size_t read_ahead = 2 * max_request_header_bytes;

// 0: the peer has gone, and hears no answer.
unsigned status_of(boost::system::error_code error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
    if (error == http::error::body_limit) return 413;
    const bool of_http = error.category() == make_error_code(http::error::bad_method).category();
    const bool broken_off = error == http::error::end_of_stream || error == http::error::partial_message;
    return of_http && !broken_off ? 400 : 0;
}

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

// RFC 9112 section 2.2
awaitable<boost::system::error_code> pass_over_empty_line(StreamSocket& socket,
                                                          boost::beast::flat_buffer& buffer) {
    constexpr std::string_view empty_line = "\r\n";
    constexpr std::size_t piece = 4096;
    for (;;) {
        const std::string_view begin(static_cast<const char*>(buffer.data().data()),
                                     std::min(buffer.size(), empty_line.size()));
        if (begin == empty_line) buffer.consume(empty_line.size());
        if (begin == empty_line || !empty_line.starts_with(begin)) co_return boost::system::error_code();
        const auto room = buffer.prepare(piece);
        const auto [error, bytes] =
            co_await socket.async_read_some(room, asio::as_tuple(asio::use_awaitable));
        if (error) co_return error;
        buffer.commit(bytes);
    }
}

}  // namespace

// What has been read from a connection: the request in hand, and bytes of later ones.
struct HttpSession::Incoming {
    boost::beast::flat_buffer buffer{read_ahead};
    std::optional<http::request_parser<http::string_body>> parser;
};

HttpSession::HttpSession(StreamSocket socket, Service service, std::string peer)
    : socket_(std::move(socket)),
      service_(std::move(service)),
      peer_(std::move(peer)),
      time_(socket_.get_executor()),
      incoming_(std::make_unique<Incoming>()) {}

HttpSession::~HttpSession() = default;

awaitable<void> HttpSession::serve(std::shared_ptr<HttpSession> self) {
    for (bool more = true; more && self->socket_.is_open();) more = co_await self->serve_one();
    self->close();
}

void HttpSession::close() {
    boost::system::error_code ignored;
    time_.cancel();
    socket_.close(ignored);
}

// Reading, or writing, ends when time is over.
void HttpSession::limit_time() {
    time_.expires_after(service_.request_time);
    time_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (error || !self) return;
        self->too_slow_ = true;
        boost::system::error_code ignored;
        self->socket_.cancel(ignored);
    });
}

awaitable<boost::system::error_code> HttpSession::read(Incoming& incoming) {
    auto& parser = incoming.parser.emplace();
    parser.header_limit(max_request_header_bytes);
    parser.body_limit(service_.audience == Audience::operators ? max_import_bytes : 0);
    const auto no_begin = co_await pass_over_empty_line(socket_, incoming.buffer);
    if (no_begin) co_return no_begin;
    const auto [error, bytes] =
        co_await http::async_read(socket_, incoming.buffer, parser, asio::as_tuple(asio::use_awaitable));
    co_return error;
}

// Whether another request may follow.
awaitable<bool> HttpSession::serve_one() {
    waiting_ = true;
    limit_time();
    const boost::system::error_code error = co_await read(*incoming_);
    time_.cancel();
    waiting_ = false;
    if (error) {
        const bool begun = incoming_->buffer.size() > 0 || incoming_->parser->got_some();
        const unsigned status = too_slow_ ? (begun ? 408 : 0) : status_of(error);
        if (status == 0) co_return false;
        Response refused = refusal(status, too_slow_ ? "the request did not come in time" : error.message());
        co_await write(std::move(refused), true, false);
        co_await drain();
        co_return false;
    }
    auto message = incoming_->parser->release();
    const bool head = message.method() == http::verb::head;
    Request request;
    request.method = head ? "GET" : std::string(view(message.method_string()));
    request.peer = peer_;
    const auto host = message.find(http::field::host);
    const bool has_host = host != message.end() || message.version() < 11;
    if (host != message.end()) request.host = view(host->value());
    Response response;
    if (message.version() != 10 && message.version() != 11) {
        response = refusal(505, "HTTP/1.1 is spoken here");
    } else if (!has_host) {
        response = refusal(400, "a request without Host");
    } else if (const auto read = read_target(view(message.target()), request); !read) {
        response = refusal(400, read.error().detail);
    } else if (service_.audience == Audience::scrapers_on_loopback && !names_loopback(request.host)) {
        response = refusal(421, "the host that is asked is no address on loopback");
    } else {
        request.body = std::move(message.body());
        response = co_await service_.answer(std::move(request));
    }
    const bool keep_alive = message.keep_alive();
    const bool written = co_await write(std::move(response), !head, keep_alive);
    co_return written;
}

// Closing a socket with unread bytes may take back the answer that says why.
awaitable<void> HttpSession::drain() {
    boost::system::error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    std::array<char, 4096> unread{};
    const auto buffer = asio::buffer(unread);
    limit_time();
    for (std::size_t drained = 0; drained < max_import_bytes && !too_slow_;) {
        const auto [error, bytes] =
            co_await socket_.async_read_some(buffer, asio::as_tuple(asio::use_awaitable));
        if (error) break;
        drained += bytes;
    }
    time_.cancel();
}

awaitable<bool> HttpSession::write(Response response, bool with_body, bool keep_alive) {
    http::response<http::string_body> message;
    message.version(11);
    message.result(response.status);
    message.set(http::field::content_type, response.type);
    message.set(http::field::cache_control, "no-store");
    message.set("X-Content-Type-Options", "nosniff");
    if (!response.content_policy.empty()) message.set("Content-Security-Policy", response.content_policy);
    if (!response.allow.empty()) message.set(http::field::allow, response.allow);
    message.keep_alive(keep_alive);
    message.content_length(response.body.size());
    if (with_body) message.body() = std::move(response.body);
    limit_time();
    http::response_serializer<http::string_body> serializer(message);
    const auto [error, bytes] =
        co_await http::async_write(socket_, serializer, asio::as_tuple(asio::use_awaitable));
    time_.cancel();
    co_return !error && keep_alive;
}

}  // namespace sternpost
