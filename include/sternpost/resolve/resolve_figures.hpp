// What the resolve room counts.
//
// Threads: the resolve loop; a copy is a value.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "sternpost/base/tally.hpp"

namespace sternpost {

// The outcome of a look at the TXT record.
inline constexpr std::array<std::string_view, 4> txt_outcomes{"present", "absent", "invalid", "failed"};
// The outcome of fetching a policy, from the addresses of its host to the grammar of the file.
inline constexpr std::array<std::string_view, 17> fetch_outcomes{
    "fetched",    "timeout",         "connect",    "tls",        "certificate",    "status",
    "redirect",   "cut-short",       "too-large",  "media-type", "invalid-policy", "dns",
    "no-address", "special-address", "overloaded", "given-up",   "other"};
// As DomainDane.
inline constexpr std::array<std::string_view, 5> dane_verdicts{"in-force", "absent", "doubtful", "undecided",
                                                               "unvalidated"};

struct ResolveFigures {
    Tally<txt_outcomes.size()> txt{txt_outcomes};
    Tally<fetch_outcomes.size()> fetches{fetch_outcomes};
    Tally<dane_verdicts.size()> dane{dane_verdicts};
    std::size_t lookups = 0;  // domains being looked up now
    std::size_t domains_in_memory = 0;
};

}  // namespace sternpost
