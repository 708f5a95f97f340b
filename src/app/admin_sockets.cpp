#include "admin_sockets.hpp"

#include <stdexcept>

#include "sternpost/log/log.hpp"

namespace sternpost {

std::optional<ListeningSocket> open_operators_socket(const AdminConfig& admin) try {
    if (admin.socket.empty()) return std::nullopt;
    return ListeningSocket::unix_path(admin.socket, ListeningSocket::Access::owner_and_group);
} catch (const std::runtime_error& error) {
    const std::string way_out = "; name another place by \"socket\" in [admin], or none by \"\"";
    if (admin.socket_is_set) throw std::runtime_error(error.what() + way_out);
    say(LogLevel::warning, Topic::admin,
        "no admin socket, so \"sternpost cache\" cannot reach this daemon: {}{}", error.what(), way_out);
    return std::nullopt;
}

std::optional<ListeningSocket> open_metrics_socket(const AdminConfig& admin) {
    if (!admin.metrics) return std::nullopt;
    return ListeningSocket::tcp(admin.metrics->host, admin.metrics->port, "metrics");
}

}  // namespace sternpost
