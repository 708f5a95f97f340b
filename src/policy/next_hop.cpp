#include "sternpost/policy/next_hop.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "sternpost/base/ascii.hpp"
#include "sternpost/policy/host_name.hpp"

namespace sternpost {

namespace {

// Postfix's known_tcp_ports, and their other names in /etc/services.
constexpr std::array<std::pair<std::string_view, std::uint16_t>, 8> services{{
    {"smtp", 25},
    {"mail", 25},
    {"submission", 587},
    {"submissions", 465},
    {"smtps", 465},
    {"ssmtp", 465},
    {"urd", 465},
    {"lmtp", 24},
}};

// What is left of a key without the brackets: views into it.
struct Parts {
    std::string_view host;
    std::string_view port;
    bool bracketed = false;
};

std::optional<Parts> split(std::string_view key) {
    const bool bracketed = key.starts_with('[');
    const auto end = key.find(bracketed ? ']' : ':');
    if (bracketed && end == key.npos) return std::nullopt;
    Parts parts{.host = key.substr(0, end), .port = {}, .bracketed = bracketed};
    std::string_view rest = key.substr(parts.host.size());
    if (bracketed) {
        parts.host.remove_prefix(1);
        rest.remove_prefix(1);
    }
    if (rest.empty()) return parts;
    if (!rest.starts_with(':')) return std::nullopt;
    parts.port = rest.substr(1);
    return parts;
}

bool may_be_service(std::string_view text) {
    const auto allowed = [](char c) {
        return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '+';
    };
    return !is_digit(text.front()) && is_letter_or_digit(text.front()) && std::ranges::all_of(text, allowed);
}

// Postfix takes "host:" for "host", and ignores leading zeros.
std::optional<std::uint16_t> read_port(std::string_view text) {
    if (text.empty()) return smtp_port;
    const auto* const service =
        std::ranges::find(services, text, [](const auto& known) { return known.first; });
    if (service != services.end()) return service->second;
    if (may_be_service(text)) return unknown_port;
    if (!std::ranges::all_of(text, is_digit)) return std::nullopt;
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || port == 0) return std::nullopt;
    return port;
}

}  // namespace

std::optional<NextHop> read_next_hop(std::string_view key) {
    if (key.starts_with('.'))
        return std::nullopt;  // Postfix asks for two of these after each name without a policy
    const std::optional<Parts> parts = split(key);
    if (!parts) return std::nullopt;
    const std::optional<std::uint16_t> port = read_port(parts->port);
    if (!port) return std::nullopt;
    std::optional<std::string> domain = normalise_host_name(parts->host);
    if (!domain || domain->find('.') == domain->npos) return std::nullopt;
    if (domain->size() > max_policy_domain_length) return std::nullopt;
    return NextHop{.domain = std::move(*domain), .bracketed = parts->bracketed, .port = *port};
}

std::optional<std::string> read_mail_domain(std::string_view text) {
    auto next_hop = read_next_hop(text);
    if (!next_hop || next_hop->bracketed || next_hop->port != smtp_port) return std::nullopt;
    return std::move(next_hop->domain);
}

}  // namespace sternpost
