#include "session.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "sternpost/answer/answer.hpp"
#include "sternpost/answer/netstring.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/log/log.hpp"
#include "sternpost/socketmap/server.hpp"

namespace sternpost {

namespace {

const Reply& not_found() {
    static const Reply reply(to_netstring(not_found_reply()));
    return reply;
}

}  // namespace

Session::Session(int socket, std::shared_ptr<Readiness> readiness, Answers& answers, SessionNotes notes,
                 SessionEvents events)
    : socket_(socket),
      readiness_(std::move(readiness)),
      answers_(answers),
      figures_(notes.figures),
      repeats_(notes.repeats),
      events_(std::move(events)),
      watched_(EPOLLIN) {}

Session::~Session() {
    if (!closed_) let_go();
}

void Session::begin() {
    if (readiness_->watch(socket_, watched_, *this)) return;
    say(LogLevel::error, Topic::socketmap, "a connection ends: it cannot be watched: {}",
        std::strerror(errno));
    close();
}

void Session::on_ready(std::uint32_t events) {
    if (closed_) return;
    // Nobody is left to take a reply.
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close();
    if ((events & EPOLLIN) != 0) read();
    look_ahead();
}

void Session::read() try {
    const auto space = reader_.space();
    const ssize_t count = ::recv(socket_, space.data(), space.size(), 0);
    if (count > 0) reader_.filled(static_cast<std::size_t>(count));
    if (count == 0) finishing_ = true;
    if (count < 0 && errno != EAGAIN && errno != EINTR) close();
} catch (const std::exception& error) {
    end_for(error);
}

// Finding a domain is mostly waiting for memory: that comes while other sockets are read.
void Session::look_ahead() try {
    if (closed_ || full()) return;
    if (look_at_next() && !next_->reply) answers_.expect(next_->next_hop);
} catch (const std::exception& error) {
    end_for(error);
}

// Takes what has come in, as far as there is room, and sends what is at the head of the queue.
void Session::go_on(SteadyTime now) try {
    bool active = false;
    while (!closed_) {
        // Full of replies at hand, it has room again when they are sent; only questions under way are waited for.
        if (full()) active = flush() || active;
        if (closed_ || full()) break;
        if (!look_at_next()) {
            active = flush() || active;
            break;
        }
        take(*next_, now);
        next_.reset();
        active = true;
    }
    if (closed_) return;
    if (active) events_.active(now);
    if (reader_.broken()) {
        figures_.closed_for_protocol.add();
        repeats_.failed({Topic::socketmap, "netstrings"}, LogLevel::info, 0,
                        "closed a connection that does not send netstrings");
        return close();
    }
    if (finishing_ && idle()) return close();
    watch_for_what_is_wanted();
} catch (const std::exception& error) {
    end_for(error);
}

void Session::end_for(const std::exception& error) {
    say(LogLevel::error, Topic::socketmap, "a connection ends: {}", error.what());
    close();
}

void Session::watch_for_what_is_wanted() {
    const std::uint32_t requests = finishing_ || full() ? 0U : EPOLLIN;
    const std::uint32_t room = leaves_replies() ? EPOLLOUT : 0U;
    if (watched_ == (requests | room)) return;
    watched_ = requests | room;
    readiness_->change(socket_, watched_, *this);
}

// False: it has not come in yet.
bool Session::look_at_next() {
    if (next_) return true;
    const auto request = reader_.next();
    if (request) understand(*request);
    return request.has_value();
}

void Session::understand(std::string_view request) {
    const auto space = request.find(' ');
    const std::string_view map_name = request.substr(0, space);
    const std::string_view key =
        space == std::string_view::npos ? std::string_view() : request.substr(space + 1);
    const auto map = answers_.map(map_name);
    Request& read = next_.emplace();
    if (!map) {
        read.reply = unknown_map(map_name);
    } else if (auto next_hop = read_next_hop(key)) {
        read.map = *map;
        read.next_hop = std::move(*next_hop);
    } else {
        read.reply = not_found();
    }
}

void Session::take(Request& request, SteadyTime asked) {
    if (request.reply) return add_slot(asked, std::move(request.reply));
    if (Reply ready = answers_.at_once(request.map, request.next_hop)) {
        figures_.from_memory.add();
        add_slot(asked, std::move(ready));
        return;
    }
    figures_.looked_up.add();
    add_slot(asked, nullptr);
    const std::uint64_t number = first_slot_ + slots_.size() - 1;
    answers_.ask(request.map, std::move(request.next_hop), [self = shared_from_this(), number](Reply reply) {
        self->put_reply(number, std::move(reply));
    });
}

Reply Session::unknown_map(std::string_view map) {
    const std::string reason = "unknown map \"" + printable(map, 64) + "\"";
    repeats_.failed({Topic::socketmap, "map"}, LogLevel::warning, 0,
                    fmt::format("asked for an {}: see smtp_tls_policy_maps in main.cf, and [maps] in "
                                "sternpost.toml",
                                reason));
    return Reply(to_netstring(permanent_reply(reason)));
}

void Session::add_slot(SteadyTime asked, Reply reply) {
    Slot& slot = slots_.emplace_back();
    slot.asked = asked;
    if (reply) put(slot, std::move(reply));
}

void Session::put(Slot& slot, Reply reply) {
    unsent_bytes_ += (*reply).size();
    slot.done = true;
    slot.reply = std::move(reply);
}

void Session::put_reply(std::uint64_t number, Reply reply) {
    if (closed_) return;
    put(slots_[number - first_slot_], std::move(reply));
    go_on(std::chrono::steady_clock::now());
}

// Sends the replies at the head of the queue. A question that has none ends the connection.
bool Session::flush() {
    if (closed_) return false;
    note_ready();
    const bool taken = leaves_replies() && slots_.front().reply && send();
    if (leaves_replies() && !slots_.front().reply) close();
    return taken;
}

void Session::note_ready() {
    const SteadyTime now = std::chrono::steady_clock::now();
    for (; ready_ < slots_.size() && slots_[ready_].done; ++ready_)
        figures_.note_answer(*slots_[ready_].reply, now - slots_[ready_].asked);
}

// What the socket has room for; nearly always that is all. Sent from where the replies are: whoever takes none costs
// no copy of them.
bool Session::send() {
    std::array<iovec, max_pipelined> parts;
    msghdr message{};
    message.msg_iov = parts.data();
    std::size_t skipped = sent_of_first_;
    for (; message.msg_iovlen < ready_ && slots_[message.msg_iovlen].reply; ++message.msg_iovlen) {
        const std::string_view rest = (*slots_[message.msg_iovlen].reply).substr(std::exchange(skipped, 0));
        parts[message.msg_iovlen] = {const_cast<char*>(rest.data()), rest.size()};
    }
    // One alone is usual.
    const ssize_t count = message.msg_iovlen == 1
                              ? ::send(socket_, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL)
                              : ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (count < 0) {
        if (errno != EAGAIN && errno != EINTR) close();
        return false;
    }
    forget_sent(static_cast<std::size_t>(count));
    return count > 0;
}

void Session::forget_sent(std::size_t count) {
    unsent_bytes_ -= count;
    sent_of_first_ += count;
    while (ready_ > 0 && slots_.front().reply && sent_of_first_ >= (*slots_.front().reply).size()) {
        sent_of_first_ -= (*slots_.front().reply).size();
        slots_.pop_front();
        ++first_slot_;
        --ready_;
    }
}

bool Session::full() const {
    return slots_.size() >= max_pipelined || unsent_bytes_ >= max_unsent_bytes;
}

bool Session::unread() const {
    char byte = 0;
    return ::recv(socket_, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void Session::close() {
    if (closed_) return;
    closed_ = true;
    let_go();
    events_.closed();
}

void Session::let_go() {
    readiness_->forget(socket_);
    ::close(socket_);
}

void Session::finish() {
    if (finishing_ || closed_) return;
    finishing_ = true;
    ::shutdown(socket_, SHUT_RD);
    go_on(std::chrono::steady_clock::now());
}

}  // namespace sternpost
