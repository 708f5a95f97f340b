#include "service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <ctime>
#include <string>

namespace sternpost {

std::vector<ListeningSocket> passed_sockets() {
    std::vector<ListeningSocket> sockets;
    const int count = ::sd_listen_fds(1);
    for (int i = 0; i < count; ++i) sockets.push_back(ListeningSocket::passed(SD_LISTEN_FDS_START + i));
    return sockets;
}

void notify_ready() {
    ::sd_notify(0, "READY=1");
}

void notify_reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto microseconds = static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
    ::sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds)).c_str());
}

void notify_stopping() {
    ::sd_notify(0, "STOPPING=1");
}

std::chrono::microseconds watchdog_limit() {
    std::uint64_t limit = 0;
    return std::chrono::microseconds(::sd_watchdog_enabled(0, &limit) > 0 ? limit : 0);
}

void notify_alive() {
    ::sd_notify(0, "WATCHDOG=1");
}

}  // namespace sternpost
