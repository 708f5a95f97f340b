// The key that Postfix asks smtp_tls_policy_maps for (its next-hop), read as a policy domain (RFC 8461
// section 3.4).
//
// Threads: any; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sternpost {

struct NextHop {
    std::string domain;       // the policy domain: lower-case A-labels, two labels at least
    bool bracketed = false;   // "[host]": no MX lookup, the only candidate is the host itself
    std::uint16_t port = 25;  // of "host:port" and "[host]:port"

    bool operator==(const NextHop&) const = default;
};

// nullopt is a plain "no policy can exist", with no lookup: `.parent`, address literals, single labels,
// paths, names that are no host names or too long for `_mta-sts.` before them, ports that are neither a
// number nor a name of a mail service (smtp, submission, submissions, smtps). "host:" is "host", as in
// Postfix.
std::optional<NextHop> read_next_hop(std::string_view key);

}  // namespace sternpost
