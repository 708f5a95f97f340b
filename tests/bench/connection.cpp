#include "connection.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>

#include "sternpost/answer/netstring.hpp"

namespace sternpost::bench {

Connection::Connection(const Address& address, std::string map, int epoll, OnAnswer on_answer)
    : address_(address), map_(std::move(map)), epoll_(epoll), on_answer_(std::move(on_answer)) {
    connect();
}

Connection::~Connection() {
    disconnect();
}

void Connection::connect() {
    fd_ = ::socket(address_.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0 || ::connect(fd_, address_.get(), address_.length) != 0)
        throw system_error("cannot connect to the server");
    send_at_once(fd_, address_);
    since_ = Clock::now();
    watches_writable_ = false;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = this;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event);
}

void Connection::disconnect() {
    ::close(fd_);
}

void Connection::connect_again() {
    disconnect();
    ++closed_;
    received_.clear();
    unsent_.clear();
    connect();
    for (const Question& question : asked_) unsent_ += to_netstring(map_ + " " + question.key);
    send();
}

void Connection::renew_if_older_than(std::chrono::seconds age) {
    if (!asked_.empty() || Clock::now() < since_ + age) return;
    disconnect();
    connect();
}

void Connection::ask(Question question) {
    unsent_ += to_netstring(map_ + " " + question.key);
    asked_.push_back(std::move(question));
    send();
}

void Connection::send() {
    while (!unsent_.empty()) {
        const auto count = ::send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count <= 0) break;  // a connection that has gone is met when it is read from
        unsent_.erase(0, static_cast<std::size_t>(count));
    }
    watch_for(!unsent_.empty());
}

void Connection::watch_for(bool writable) {
    if (std::exchange(watches_writable_, writable) == writable) return;
    epoll_event event{};
    event.events = EPOLLIN | (writable ? EPOLLOUT : 0U);
    event.data.ptr = this;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event);
}

void Connection::on_ready() {
    std::array<char, 65536> bytes;
    const auto count = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) {
        received_.append(bytes.data(), static_cast<std::size_t>(count));
        take_answers();
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        return connect_again();
    }
    if (watches_writable_) send();
}

void Connection::take_answers() {
    std::size_t taken = 0;
    for (;;) {
        const auto colon = received_.find(':', taken);
        if (colon == std::string::npos) break;
        std::size_t length = 0;
        std::from_chars(received_.data() + taken, received_.data() + colon, length);
        if (received_.size() < colon + 1 + length + 1) break;
        if (asked_.empty()) throw std::runtime_error("an answer to no question");
        const Question answered = std::move(asked_.front());
        asked_.pop_front();
        on_answer_(*this, answered, std::string_view(received_).substr(colon + 1, length));
        taken = colon + 1 + length + 1;
    }
    received_.erase(0, taken);
}

}  // namespace sternpost::bench
