// The floor: the least that a server of netstrings can do. It reads one, and sends a fixed one; for several that have come
// together, as many at once.
//
//     floor ADDRESS REPLY
//
// No key is looked at, nothing is looked up, counted or timed; nobody who breaks the protocol is noticed.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include "address.hpp"
#include "sternpost/answer/netstring.hpp"

namespace sternpost::bench {
namespace {

constexpr int listen_backlog = 4096;
constexpr int most_at_once = 512;  // of the shortest requests, in what is read at once

int listen_at(const std::string& where) {
    const Address address = read_address(where);
    if (address.family() == AF_UNIX) ::unlink(where.c_str());
    const int listener = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(listener, address.get(), address.length) != 0 || ::listen(listener, listen_backlog) != 0)
        throw system_error("cannot listen on " + where);
    return listener;
}

void watch(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

// Requests come whole, no key has a colon, and the replies find room.
void answer(int fd, std::string_view replies, std::size_t size_of_one) {
    std::array<char, 4096> requests;
    const auto count = ::recv(fd, requests.data(), requests.size(), 0);
    if (count <= 0) {
        ::close(fd);
        return;
    }
    const auto questions =
        static_cast<std::size_t>(std::count(requests.data(), requests.data() + count, ':'));
    ::send(fd, replies.data(), questions * size_of_one, MSG_NOSIGNAL);
}

[[noreturn]] void serve(const std::string& where, const std::string& reply) {
    const int listener = listen_at(where);
    const Address address = read_address(where);
    std::string replies;
    for (int i = 0; i < most_at_once; ++i) replies += reply;
    const int epoll = ::epoll_create1(0);
    watch(epoll, listener);
    for (;;) {
        std::array<epoll_event, 128> events;
        const int ready = ::epoll_wait(epoll, events.data(), events.size(), -1);
        for (int i = 0; i < ready; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd != listener) {
                answer(fd, replies, reply.size());
                continue;
            }
            const int fresh = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
            if (fresh < 0) continue;
            send_at_once(fresh, address);
            watch(epoll, fresh);
        }
    }
}

}  // namespace
}  // namespace sternpost::bench

int main(int argc, char** argv) try {
    if (argc != 3) throw std::runtime_error("floor ADDRESS REPLY");
    sternpost::bench::serve(argv[1], sternpost::to_netstring(argv[2]));
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
