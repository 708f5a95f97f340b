// The sockets of [admin] in the configuration.
//
// Threads: the main thread.
// Errors:  std::runtime_error with the remedy, for what the operator has set.
#pragma once

#include <optional>

#include "sternpost/config/config.hpp"
#include "sternpost/socketmap/listening_socket.hpp"

namespace sternpost {

struct AdminSockets {
    std::optional<ListeningSocket> operators;
    std::optional<ListeningSocket> metrics;
};

// Its owner and group are the caller's. If nobody has named a place and the usual one cannot be used, as with a daemon
// started by hand, that is one warning.
std::optional<ListeningSocket> open_operators_socket(const AdminConfig& admin);
std::optional<ListeningSocket> open_metrics_socket(const AdminConfig& admin);

}  // namespace sternpost
