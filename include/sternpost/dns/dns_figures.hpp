// What the dns room counts.
//
// Threads: the resolve loop; a copy is a value.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/tally.hpp"
#include "sternpost/dns/resolver.hpp"

namespace sternpost {

inline constexpr std::array<std::string_view, 6> dns_types{"TXT", "MX", "A", "AAAA", "CNAME", "TLSA"};
// The outcome of a question, all tries and servers together; "none" is NXDOMAIN or an empty answer.
inline constexpr std::array<std::string_view, 9> dns_outcomes{
    "found", "none", "timeout", "servfail", "refused", "unreachable", "malformed", "overloaded", "other"};

struct DnsServerState {
    std::string name;  // "127.0.0.1:53"
    Validation validation = Validation::unknown;
    bool believed = true;  // false: whatever it says of DNSSEC, validation is `no`
};

struct DnsFigures {
    using Outcomes = Tally<dns_outcomes.size()>;
    std::array<Outcomes, dns_types.size()> outcomes{Outcomes(dns_outcomes), Outcomes(dns_outcomes),
                                                    Outcomes(dns_outcomes), Outcomes(dns_outcomes),
                                                    Outcomes(dns_outcomes), Outcomes(dns_outcomes)};
    std::size_t open_questions = 0;
    bool validation_wanted = true;        // false: DANE is off, and no server is asked whether it validates
    std::vector<DnsServerState> servers;  // those that are asked now
};

}  // namespace sternpost
