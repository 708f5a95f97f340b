#include "service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

namespace sternpost {

namespace {

// As sd_notify(3), which would wait for a manager that does not read, and with it the resolve loop.
void notify(std::string_view state) {
    const char* name = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    if (name == nullptr || std::strlen(name) >= sizeof(address.sun_path)) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name, std::strlen(name));
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(name));
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&address), length);
    ::close(socket);
}

}  // namespace

std::vector<ListeningSocket> passed_sockets() {
    std::vector<ListeningSocket> sockets;
    const int count = ::sd_listen_fds(1);
    for (int i = 0; i < count; ++i) sockets.push_back(ListeningSocket::passed(SD_LISTEN_FDS_START + i));
    return sockets;
}

void notify_ready() {
    notify("READY=1");
}

void notify_reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto microseconds = static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
    notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void notify_stopping() {
    notify("STOPPING=1");
}

std::chrono::microseconds watchdog_limit() {
    std::uint64_t limit = 0;
    return std::chrono::microseconds(::sd_watchdog_enabled(0, &limit) > 0 ? limit : 0);
}

void notify_alive() {
    notify("WATCHDOG=1");
}

}  // namespace sternpost
