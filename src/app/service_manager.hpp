// What the daemon and systemd tell each other (sd_notify(3), sd_listen_fds(3)); without systemd nothing
// happens.
//
// Threads: the main thread.
#pragma once

#include <chrono>
#include <vector>

#include "sternpost/socketmap/listening_socket.hpp"

namespace sternpost {

// The listening sockets that were passed to us; none without systemd.
std::vector<ListeningSocket> passed_sockets();

void notify_ready();
void notify_reloading();
void notify_stopping();

// How soon after one sign of life systemd wants the next (WatchdogSec= of the unit); zero: never.
std::chrono::microseconds watchdog_limit();
void notify_alive();

}  // namespace sternpost
