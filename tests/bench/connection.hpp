// One connection that asks questions, and has its answers timed.
//
// Ownership: of its socket. Threads: one.
// Errors:    std::system_error where it cannot connect. When the server closes, it connects again, and asks again what
//            had no answer, as Postfix does; how often is counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "address.hpp"

namespace sternpost::bench {

using Clock = std::chrono::steady_clock;

class Connection {
public:
    struct Question {
        std::string key;
        Clock::time_point due;  // when it was to be asked, which is what its answer is timed from
    };
    // An answer has come; it may ask() at once. `reply` is what the netstring holds.
    using OnAnswer = std::function<void(Connection&, const Question&, std::string_view reply)>;

    Connection(const Address& address, std::string map, int epoll, OnAnswer on_answer);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void ask(Question question);
    // Its descriptor is ready.
    void on_ready();
    // A new socket in the place of this one, where nothing is asked.
    void renew_if_older_than(std::chrono::seconds age);
    std::size_t asked() const { return asked_.size(); }
    // How often the server has closed.
    std::uint64_t closed() const { return closed_; }

private:
    void connect();
    void disconnect();
    void connect_again();
    void send();
    void watch_for(bool writable);
    void take_answers();

    const Address& address_;
    std::string map_;
    int epoll_;
    OnAnswer on_answer_;
    int fd_ = -1;
    std::string unsent_;
    std::string received_;
    std::deque<Question> asked_;  // in the order of their answers
    Clock::time_point since_{};
    std::uint64_t closed_ = 0;
    bool watches_writable_ = false;
};

}  // namespace sternpost::bench
