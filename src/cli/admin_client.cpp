#include "admin_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace sternpost {

namespace {

constexpr std::size_t max_reply = 64UL * 1024 * 1024;

}  // namespace

class AdminClient::Connection {
public:
    explicit Connection(std::chrono::milliseconds patience) : patience_(patience) {}

    boost::system::error_code connect(const std::string& path) {
        boost::system::error_code error;
        socket_.connect(asio::local::stream_protocol::endpoint(path), error);
        return error;
    }

    boost::system::error_code exchange(http::request<http::string_body>& request, AdminReply& reply) {
        if (const auto error = wait_for([&](auto done) {
                http::async_write(socket_, request,
                                  [done](boost::system::error_code code, std::size_t) { done(code); });
            }))
            return error;
        http::response_parser<http::string_body> parser;
        parser.body_limit(max_reply);
        const auto error = wait_for([&](auto done) {
            http::async_read(socket_, buffer_, parser,
                             [done](boost::system::error_code code, std::size_t) { done(code); });
        });
        if (error) return error;
        reply.status = parser.get().result_int();
        reply.body = std::move(parser.get().body());
        last_ = !parser.get().keep_alive();
        return {};
    }

    // The daemon closes it after this reply.
    bool last() const { return last_; }

private:
    template <class Start>
    boost::system::error_code wait_for(const Start& start) {
        std::optional<boost::system::error_code> result;
        start([&result](boost::system::error_code error) { result = error; });
        io_.restart();
        io_.run_for(patience_);
        if (result) return *result;
        boost::system::error_code ignored;
        socket_.close(ignored);
        io_.run();
        return asio::error::timed_out;
    }

    std::chrono::milliseconds patience_;
    asio::io_context io_{1};
    asio::local::stream_protocol::socket socket_{io_};
    boost::beast::flat_buffer buffer_;
    bool last_ = false;
};

boost::json::object AdminReply::object() const {
    boost::system::error_code error;
    boost::json::value value = boost::json::parse(boost::json::string_view(body.data(), body.size()), error);
    return !error && value.is_object() ? std::move(value.as_object()) : boost::json::object();
}

std::string AdminReply::error() const {
    const boost::json::object said = object();
    const boost::json::value* why = said.if_contains("error");
    if (why == nullptr || !why->is_string())
        return "sternpostd answers with status " + std::to_string(status);
    return {why->get_string().data(), why->get_string().size()};
}

AdminClient::AdminClient(std::string socket, std::chrono::milliseconds patience)
    : socket_(std::move(socket)), patience_(patience) {}

AdminClient::~AdminClient() = default;

Result<AdminReply> AdminClient::get(const std::string& target) {
    return ask("GET", target, "");
}

Result<AdminReply> AdminClient::post(const std::string& target, const std::string& body) {
    return ask("POST", target, body);
}

Result<AdminReply> AdminClient::erase(const std::string& target) {
    return ask("DELETE", target, "");
}

Result<AdminReply> AdminClient::ask(const std::string& method, const std::string& target,
                                    const std::string& body) {
    http::request<http::string_body> request;
    request.method_string(method);
    request.target(target);
    request.version(11);
    request.set(http::field::host, "localhost");
    request.body() = body;
    request.prepare_payload();
    gave_up_ = false;
    // The daemon closes a connection that has been idle for some time; a new one is then made.
    for (;;) {
        const bool fresh = connection_ == nullptr;
        if (fresh) {
            connection_ = std::make_unique<Connection>(patience_);
            if (const auto error = connection_->connect(socket_)) {
                connection_.reset();
                return explain(error.value());
            }
        }
        AdminReply reply;
        const auto error = connection_->exchange(request, reply);
        gave_up_ = error == asio::error::timed_out;
        if (error || connection_->last()) connection_.reset();
        if (!error) return reply;
        if (fresh || gave_up_)
            return failure(Errc::temporary,
                           "no answer from sternpostd at " + socket_ + ": " + error.message());
    }
}

std::vector<ListenAddress> addresses_in_use(const Config& config) {
    std::vector<ListenAddress> addresses;
    if (config.admin.socket.empty()) return addresses;
    const auto status = AdminClient(config.admin.socket, short_patience).get("/v1/status");
    if (!status || !status->good()) return addresses;
    const auto object = status->object();
    const auto* names = object.if_contains("listening");
    if (names == nullptr || !names->is_array()) return addresses;
    for (const auto& name : names->get_array()) {
        if (!name.is_string()) continue;
        if (auto address = parse_listen_address(name.get_string())) addresses.push_back(std::move(*address));
    }
    return addresses;
}

Result<AdminReply> AdminClient::explain(int error) const {
    if (error == EACCES)
        return failure(
            Errc::untrusted,
            "you may not use " + socket_ + ": root, the user of sternpostd and the group of that socket may");
    const std::string what = "no sternpostd answers at " + socket_ + ": ";
    if (error == ENOENT || error == ECONNREFUSED)
        return failure(
            Errc::temporary,
            what +
                "there is no such socket, or nobody listens; is sternpostd running, and is \"socket\" in "
                "[admin] what it was started with?");
    return failure(Errc::temporary, what + std::error_code(error, std::generic_category()).message());
}

}  // namespace sternpost
