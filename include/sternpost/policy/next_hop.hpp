// The key that Postfix asks smtp_tls_policy_maps for (its next-hop), read as a policy domain (RFC 8461
// section 3.4).
//
// Threads: any; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sternpost/policy/host_name.hpp"

namespace sternpost {

// With `_mta-sts.` in front, the longer of the two names that are asked for, it must still be a DNS name.
inline constexpr std::size_t max_policy_domain_length =
    max_name_length - std::string_view("_mta-sts.").size();

inline constexpr std::uint16_t smtp_port = 25;
// Of a service that Postfix may know, from its known_tcp_ports or /etc/services, but we do not.
inline constexpr std::uint16_t unknown_port = 0;

struct NextHop {
    std::string domain;              // the policy domain: lower-case A-labels, two labels at least
    bool bracketed = false;          // "[host]": no MX lookup, the only candidate is the host itself
    std::uint16_t port = smtp_port;  // of "host:port" and "[host]:port", or unknown_port

    bool operator==(const NextHop&) const = default;
};

// nullopt simply means "no policy can exist", without a lookup: `.parent`, address literals, single labels,
// paths, names that are not host names or are too long with `_mta-sts.` in front, ports that are neither a
// number nor a possible service name. "host:" is "host", as in Postfix.
std::optional<NextHop> read_next_hop(std::string_view key);

// The policy domain alone, as a person names it: neither brackets nor a port other than SMTP's.
std::optional<std::string> read_mail_domain(std::string_view text);

}  // namespace sternpost
