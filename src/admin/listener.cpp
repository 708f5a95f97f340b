#include "listener.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "sternpost/admin/admin_server.hpp"
#include "sternpost/loop/spawn.hpp"
#include "sternpost/loop/wait.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

// How long accepting rests when there is no room or no descriptor.
constexpr std::chrono::milliseconds accept_pause{100};
// Anybody whom our user namespace does not know (user_namespaces(7)); with PrivateUsers=, all but root and ourselves.
constexpr uid_t overflow_uid = 65534;

std::string peer_of(StreamSocket& socket) {
    ucred peer{};
    socklen_t length = sizeof peer;
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return "somebody";
    return peer.uid == overflow_uid ? "another user" : "uid " + std::to_string(peer.uid);
}

}  // namespace

Listener::Listener(asio::any_io_executor executor, ListeningSocket socket, Service service)
    : executor_(std::move(executor)),
      socket_(std::move(socket)),
      acceptor_(executor_, asio::generic::stream_protocol(socket_.family(), 0), socket_.copy()),
      service_(std::move(service)) {}

void Listener::start() {
    spawn(executor_, "admin accept", accept(shared_from_this()));
}

void Listener::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (const auto& session : sessions_)
        if (session->waiting()) session->close();
}

awaitable<void> Listener::accept(std::shared_ptr<Listener> self) {
    while (self->acceptor_.is_open()) {
        auto [error, socket] = co_await self->acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (error && self->acceptor_.is_open()) co_await self->rest();
        if (error) continue;
        while (self->acceptor_.is_open() && !self->make_room()) co_await self->rest();
        if (!self->acceptor_.is_open()) co_return;
        std::string peer = self->service_.audience == Audience::operators ? peer_of(socket) : "a scraper";
        auto session = std::make_shared<HttpSession>(std::move(socket), self->service_, std::move(peer));
        self->sessions_.push_back(session);
        spawn(self->executor_, "admin session", serve(self, std::move(session)));
    }
}

awaitable<void> Listener::serve(std::shared_ptr<Listener> self, std::shared_ptr<HttpSession> session) {
    co_await HttpSession::serve(session);
    self->sessions_.remove(session);
}

awaitable<void> Listener::rest() {
    asio::steady_timer pause(executor_, accept_pause);
    co_await wait(pause);
}

// The connection that has waited longest for a request goes.
bool Listener::make_room() {
    if (sessions_.size() < max_admin_connections) return true;
    const auto oldest =
        std::ranges::find_if(sessions_, [](const auto& session) { return session->waiting(); });
    if (oldest == sessions_.end()) return false;
    (*oldest)->close();
    sessions_.erase(oldest);
    return true;
}

}  // namespace sternpost
