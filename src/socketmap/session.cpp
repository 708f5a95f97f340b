#include "session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "sternpost/answer/answer.hpp"
#include "sternpost/answer/netstring.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/socketmap/server.hpp"

namespace asio = boost::asio;
using asio::awaitable;

namespace sternpost {

namespace {

const Reply& not_found() {
    static const Reply reply = std::make_shared<const std::string>(to_netstring(not_found_reply()));
    return reply;
}

}  // namespace

Session::Session(StreamSocket socket, Answers& answers, SessionNotes notes,
                 std::function<void(SteadyTime)> on_activity)
    : socket_(std::move(socket)),
      answers_(answers),
      figures_(notes.figures),
      repeats_(notes.repeats),
      on_activity_(std::move(on_activity)),
      room_(socket_.get_executor(), SteadyTime::max()) {}

awaitable<void> Session::serve(std::shared_ptr<Session> self) {
    while (!self->closed_ && !self->finishing_) {
        if (self->full()) {
            boost::system::error_code ignored;
            co_await self->room_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            if (!self->take_requests()) break;
            continue;
        }
        const auto space = self->reader_.space();
        const auto buffer = asio::buffer(space.data(), space.size());
        const auto [error, count] =
            co_await self->socket_.async_read_some(buffer, asio::as_tuple(asio::use_awaitable));
        if (error == asio::error::eof) self->finish();
        if (error) break;
        self->reader_.filled(count);
        if (!self->take_requests()) break;
    }
    if (!self->finishing_) self->close();
    while (!self->closed_) {
        boost::system::error_code ignored;
        co_await self->room_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

// false: the peer does not speak socketmap.
bool Session::take_requests() {
    // What is full of replies at hand has room again when they are sent; only questions under way are waited for.
    for (;;) {
        if (full()) flush();
        if (full() || closed_) break;
        const auto request = reader_.next();
        if (!request) break;
        take_request(*request);
    }
    if (reader_.broken()) {
        figures_.closed_for_protocol.add();
        repeats_.failed({Topic::socketmap, "netstrings"}, LogLevel::info, 0,
                        "closed a connection that does not send netstrings");
    }
    flush();
    return !reader_.broken();
}

void Session::take_request(std::string_view request) {
    const SteadyTime asked = std::chrono::steady_clock::now();
    on_activity_(asked);
    const auto space = request.find(' ');
    const std::string_view map_name = request.substr(0, space);
    const std::string_view key =
        space == std::string_view::npos ? std::string_view() : request.substr(space + 1);
    const auto map = answers_.map(map_name);
    if (!map) {
        add_slot(asked, unknown_map(map_name));
        return;
    }
    auto next_hop = read_next_hop(key);
    if (!next_hop) {
        add_slot(asked, not_found());
        return;
    }
    if (Reply ready = answers_.at_once(*map, *next_hop)) {
        figures_.from_memory.add();
        add_slot(asked, std::move(ready));
        return;
    }
    figures_.looked_up.add();
    add_slot(asked, nullptr);
    const std::uint64_t number = first_slot_ + slots_.size() - 1;
    answers_.ask(*map, std::move(*next_hop), [self = shared_from_this(), number](Reply reply) {
        self->put_reply(number, std::move(reply));
    });
}

Reply Session::unknown_map(std::string_view map) {
    const std::string reason = "unknown map \"" + printable(map, 64) + "\"";
    repeats_.failed({Topic::socketmap, "map"}, LogLevel::warning, 0,
                    fmt::format("asked for an {}: see smtp_tls_policy_maps in main.cf, and [maps] in "
                                "sternpost.toml",
                                reason));
    return std::make_shared<const std::string>(to_netstring(permanent_reply(reason)));
}

void Session::add_slot(SteadyTime asked, Reply reply) {
    Slot& slot = slots_.emplace_back();
    slot.asked = asked;
    slot.done = reply != nullptr;
    slot.reply = std::move(reply);
}

void Session::put_reply(std::uint64_t number, Reply reply) {
    if (closed_) return;
    Slot& slot = slots_[number - first_slot_];
    slot.done = true;
    slot.reply = std::move(reply);
    flush();
}

// Sends the replies that stand at the head of the queue. A question that has none ends the connection.
void Session::flush() {
    const SteadyTime now = std::chrono::steady_clock::now();
    while (!closed_ && !slots_.empty() && slots_.front().done) {
        const Reply reply = std::move(slots_.front().reply);
        figures_.note_answer(reply ? std::string_view(*reply) : std::string_view(),
                             now - slots_.front().asked);
        slots_.pop_front();
        ++first_slot_;
        if (!reply) return close();
        unsent_ += *reply;
    }
    room_.cancel();
    if (closed_ || writing_) return;
    if (!unsent_.empty() && send_at_once()) on_activity_(now);
    if (closed_) return;
    if (unsent_.empty()) {
        if (finishing_ && slots_.empty()) close();
        return;
    }
    writing_ = true;
    sending_.swap(unsent_);
    asio::async_write(socket_, asio::buffer(sending_),
                      [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                          self->on_written(error);
                      });
}

// What the socket has room for, nearly always all, without a turn of the loop. Whether that was anything.
bool Session::send_at_once() {
    boost::system::error_code error;
    const std::size_t count = socket_.write_some(asio::buffer(unsent_), error);
    unsent_.erase(0, count);
    if (error && error != asio::error::would_block) close();
    return count > 0;
}

void Session::on_written(boost::system::error_code error) {
    writing_ = false;
    sending_.clear();
    if (closed_) return;
    if (error) return close();
    on_activity_(std::chrono::steady_clock::now());
    flush();
}

bool Session::full() const {
    return slots_.size() >= max_pipelined || unsent_.size() + sending_.size() >= max_unsent_bytes;
}

void Session::close() {
    if (closed_) return;
    closed_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
    room_.cancel();
}

void Session::finish() {
    if (finishing_ || closed_) return;
    finishing_ = true;
    room_.cancel();
    if (idle()) return close();
    boost::system::error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_receive, ignored);
}

}  // namespace sternpost
