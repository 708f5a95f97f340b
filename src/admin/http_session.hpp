// One connection of HTTP/1.1 (Boost.Beast): requests within the limits of AdminServer, one after the other.
//
// Ownership: shared by its coroutine and the list of the listener, which may close() it at any time.
// Threads:   the resolve loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "exchange.hpp"

namespace sternpost {

using StreamSocket = boost::asio::generic::stream_protocol::socket;

// What is served, to whom, and how patiently.
struct Service {
    std::function<boost::asio::awaitable<Response>(Request)> answer;
    Audience audience = Audience::scrapers;
    std::chrono::milliseconds request_time{};
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
public:
    // `peer`: as in Request.
    HttpSession(StreamSocket socket, Service service, std::string peer);

    ~HttpSession();

    static boost::asio::awaitable<void> serve(std::shared_ptr<HttpSession> self);
    void close();
    // No request is being answered.
    bool waiting() const { return waiting_; }

private:
    struct Incoming;

    boost::asio::awaitable<bool> serve_one();
    boost::asio::awaitable<boost::system::error_code> read(Incoming& incoming);
    boost::asio::awaitable<bool> write(Response response, bool with_body, bool keep_alive);
    boost::asio::awaitable<void> drain();
    void limit_time();

    StreamSocket socket_;
    Service service_;
    std::string peer_;
    boost::asio::steady_timer time_;
    std::unique_ptr<Incoming> incoming_;
    bool waiting_ = true;
    bool too_slow_ = false;
};

}  // namespace sternpost
