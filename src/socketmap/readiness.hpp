// Tells which of many sockets are ready, all in one turn of the loop: it has an epoll(7) of its own, whose descriptor is
// all that Asio waits for. One Asio operation per question would cost more than the whole answer.
//
// Ownership: shared by the server and its sessions. Sockets and watchers are borrowed until forget(); a watcher that was
//            forgotten lives on until the turn of the loop has ended.
// Threads:   one loop.
// Errors:    std::system_error from the constructor when there is no descriptor left.
// Limits:    max_ready_at_once sockets per turn; the others get theirs in the next one.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>

#include "sternpost/base/time.hpp"

namespace sternpost {

inline constexpr std::size_t max_ready_at_once = 128;

class Readiness {
public:
    class Watcher {
    public:
        // `events` of epoll_ctl(2); EPOLLERR and EPOLLHUP are reported unasked. As long as a socket is ready, each
        // turn reports it.
        virtual void on_ready(std::uint32_t events) = 0;
        // Then, when all that are ready were reported, for each of them; `turn` is when they were found.
        virtual void go_on(SteadyTime turn) = 0;

    protected:
        ~Watcher() = default;
    };

    explicit Readiness(const boost::asio::any_io_executor& executor);

    // False: the kernel has no memory for another one, or the user has as many as max_user_watches (epoll(7)) allows.
    bool watch(int socket, std::uint32_t events, Watcher& watcher);
    void change(int socket, std::uint32_t events, Watcher& watcher);
    // Before the socket is closed.
    void forget(int socket);
    // Ends with the turn in which a socket became ready, or after close().
    boost::asio::awaitable<void> wait();
    // Calls the watchers of the sockets that are ready now.
    void tell();
    void close();

private:
    bool control(int operation, int socket, std::uint32_t events, Watcher* watcher);

    boost::asio::posix::stream_descriptor epoll_;
};

}  // namespace sternpost
