#include "sternpost/socketmap/server.hpp"

#include <poll.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <list>
#include <map>
#include <utility>

#include "session.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/loop/spawn.hpp"
#include "sternpost/loop/wait.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

// How often the server looks for idle connections.
constexpr std::chrono::milliseconds sweep_interval{1000};
// How long accepting rests when there is no room or no descriptor.
constexpr std::chrono::milliseconds accept_pause{50};
// Whoever takes no reply for this long counts as idle when there is no room.
constexpr std::chrono::seconds reply_taken_within{5};
// Why nobody can be accepted; kinds of one Trouble.
const Trouble accepting{{Topic::socketmap, ""}, "accept"};
enum CannotAccept : unsigned { no_descriptor, all_wait };

bool somebody_waits(Acceptor& acceptor) {
    pollfd listening{acceptor.native_handle(), POLLIN, 0};
    return ::poll(&listening, 1, 0) > 0;
}

}  // namespace

class SocketmapServer::Inside : public std::enable_shared_from_this<Inside> {
public:
    Inside(asio::any_io_executor executor, Answers& answers, const Clock& clock, const ServerOptions& options)
        : executor_(std::move(executor)),
          answers_(answers),
          options_(options),
          repeats_(clock),
          readiness_(std::make_shared<Readiness>(executor_)),
          sweep_(executor_) {}

    void listen(const std::vector<ListeningSocket>& sockets) {
        std::vector<std::shared_ptr<Acceptor>> fresh;
        for (const ListeningSocket& socket : sockets) {
            const asio::generic::stream_protocol protocol(socket.family(), 0);
            fresh.push_back(std::make_shared<Acceptor>(executor_, protocol, socket.copy()));
        }
        stop_accepting();
        acceptors_ = std::move(fresh);
        for (const auto& acceptor : acceptors_)
            spawn(executor_, "accept", accept(shared_from_this(), acceptor));
        if (std::exchange(serving_, true)) return;
        spawn(executor_, "idle connections", sweep(shared_from_this()));
        spawn(executor_, "socketmap sessions", serve(shared_from_this()));
    }

    void reconfigure(const ServerOptions& options) { options_ = options; }

    void stop() {
        stopped_ = true;
        stop_accepting();
        sweep_.cancel();
        while (!places_.empty()) {
            const auto place = places_.begin();
            end(place);
            place->session->finish();
        }
        if (ending_.empty()) readiness_->close();
    }

    std::size_t connections() const { return places_.size(); }
    const SocketmapFigures& figures() const { return figures_; }

private:
    struct Place {
        std::shared_ptr<Session> session;
        std::shared_ptr<Acceptor> acceptor;  // that it came by
        SteadyTime active{};
        bool ending = false;  // the place is in ending_
    };
    using Places = std::list<Place>;  // the longest without activity first

    static awaitable<void> accept(std::shared_ptr<Inside> self, std::shared_ptr<Acceptor> acceptor) {
        while (acceptor->is_open()) {
            auto [error, socket] = co_await acceptor->async_accept(asio::as_tuple(asio::use_awaitable));
            if (error && acceptor->is_open()) {
                const bool made_room = self->cannot_accept(*acceptor, error);
                if (!made_room) co_await self->rest();
            }
            if (error || !acceptor->is_open()) continue;
            bool room = self->make_room(acceptor);
            if (!room) self->tell_that_all_wait();
            while (!room) {
                co_await self->rest();
                room = !acceptor->is_open() || self->make_room(acceptor);
            }
            if (acceptor->is_open()) self->admit(std::move(socket), acceptor);
        }
    }

    awaitable<void> rest() {
        asio::steady_timer pause(executor_, accept_pause);
        co_await wait(pause);
    }

    bool make_room(const std::shared_ptr<Acceptor>& newcomers) {
        while (places_.size() >= options_.connections)
            if (!end_one() && !end_one_beyond_its_share(newcomers)) return false;
        return true;
    }

    // The connection idle longest goes, or else one that does not take its replies; never one that waits for an
    // answer, nor one whose question lies unread.
    bool end_one() {
        const auto slow_since = std::chrono::steady_clock::now() - reply_taken_within;
        auto place = std::ranges::find_if(
            places_, [](const Place& each) { return each.session->idle() && !each.session->unread(); });
        if (place == places_.end())
            place = std::ranges::find_if(places_, [slow_since](const Place& each) {
                return each.active < slow_since && each.session->leaves_replies();
            });
        return end_for_room(place);
    }

    // When all wait for answers, a listener still gets its share: of the connections that another one has beyond its own,
    // the one that asks most goes, which is no Postfix, or else the one without activity longest. Postfix would ask again.
    bool end_one_beyond_its_share(const std::shared_ptr<Acceptor>& newcomers) {
        std::map<std::shared_ptr<Acceptor>, std::size_t> held;
        for (const Place& place : places_) ++held[place.acceptor];
        const std::size_t share = options_.connections / acceptors_.size();
        if (held[newcomers] >= share) return false;
        auto most = places_.end();
        for (auto place = places_.begin(); place != places_.end(); ++place)
            if (held[place->acceptor] > share &&
                (most == places_.end() || place->session->questions() > most->session->questions()))
                most = place;
        return end_for_room(most);
    }

    bool end_for_room(Places::iterator place) {
        if (place == places_.end()) return false;
        say(LogLevel::debug, Topic::socketmap, "one of {} connections makes room", places_.size());
        figures_.closed_for_room.add();
        place->session->close();
        return true;
    }

    void tell_that_all_wait() {
        repeats_.failed(
            accepting, LogLevel::warning, all_wait,
            fmt::format("cannot accept connections: all {} wait for answers: see who asks so much, or "
                        "raise \"connections\" in [limits]",
                        places_.size()));
    }

    void admit(asio::generic::stream_protocol::socket socket, const std::shared_ptr<Acceptor>& acceptor) {
        repeats_.mended(accepting, "connections are accepted again");
        boost::system::error_code ignored;
        socket.non_blocking(true, ignored);
        socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        const auto place = places_.emplace(places_.end());
        place->acceptor = acceptor;
        place->active = std::chrono::steady_clock::now();
        place->session = std::make_shared<Session>(
            socket.release(), readiness_, answers_, SessionNotes{figures_, repeats_},
            SessionEvents{.active = [this, place](SteadyTime now) { touch(place, now); },
                          .closed = [this, place] { forget(place); }});
        figures_.accepted.add();
        figures_.connections.set(places_.size());
        place->session->begin();
    }

    // Until the last session has ended after stop().
    static awaitable<void> serve(std::shared_ptr<Inside> self) {
        while (!self->stopped_ || !self->places_.empty() || !self->ending_.empty()) {
            co_await self->readiness_->wait();
            self->readiness_->tell();
        }
    }

    // The session is in use until this turn of the loop has ended.
    void forget(Places::iterator place) {
        if (!place->ending) end(place);
        figures_.connections.set(places_.size());
        asio::post(executor_, [self = shared_from_this(), place] {
            self->ending_.erase(place);
            if (self->stopped_ && self->ending_.empty()) self->readiness_->close();
        });
    }

    // The place no longer counts; the session is on its way out.
    void end(Places::iterator place) {
        place->ending = true;
        ending_.splice(ending_.end(), places_, place);
    }

    void touch(Places::iterator place, SteadyTime now) {
        place->active = now;
        if (!place->ending) places_.splice(places_.end(), places_, place);
    }

    void stop_accepting() {
        boost::system::error_code ignored;
        for (const auto& acceptor : acceptors_) acceptor->close(ignored);
        acceptors_.clear();
    }

    static awaitable<void> sweep(std::shared_ptr<Inside> self) {
        while (!self->stopped_) {
            self->sweep_.expires_after(sweep_interval);
            co_await wait(self->sweep_);
            self->close_idle();
            self->repeats_.tell_counts();
        }
    }

    void close_idle() {
        const auto too_old = std::chrono::steady_clock::now() - options_.idle;
        for (auto next = places_.begin(); next != places_.end();) {
            const auto place = next++;
            if (place->active > too_old) return;
            if (place->session->waits_for_us()) continue;
            figures_.closed_idle.add();
            place->session->close();
        }
    }

    // True: a connection was ended to make room.
    bool cannot_accept(Acceptor& acceptor, boost::system::error_code error) {
        // Without descriptors accept(2) fails even when nobody has come.
        if (!somebody_waits(acceptor)) return false;
        repeats_.failed(accepting, LogLevel::error, no_descriptor,
                        fmt::format("cannot accept connections: {}", error.message()));
        return end_one();
    }

    asio::any_io_executor executor_;
    Answers& answers_;
    ServerOptions options_;
    Repeats repeats_;
    std::vector<std::shared_ptr<Acceptor>> acceptors_;
    Places places_;
    Places ending_;
    SocketmapFigures figures_;
    std::shared_ptr<Readiness> readiness_;
    asio::steady_timer sweep_;
    bool serving_ = false;
    bool stopped_ = false;
};

SocketmapServer::SocketmapServer(asio::any_io_executor executor, Answers& answers, const Clock& clock,
                                 const ServerOptions& options)
    : inside_(std::make_shared<Inside>(std::move(executor), answers, clock, options)) {}

SocketmapServer::~SocketmapServer() = default;

void SocketmapServer::listen(const std::vector<ListeningSocket>& sockets) {
    inside_->listen(sockets);
}

void SocketmapServer::reconfigure(const ServerOptions& options) {
    inside_->reconfigure(options);
}

void SocketmapServer::stop() {
    inside_->stop();
}

const SocketmapFigures& SocketmapServer::figures() const {
    return inside_->figures();
}

std::size_t SocketmapServer::connections() const {
    return inside_->connections();
}

}  // namespace sternpost
