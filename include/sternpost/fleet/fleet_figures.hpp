// What the fleet room counts, and the state of the shared memory.
//
// Threads: the resolve loop; a copy is a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sternpost/base/tally.hpp"

namespace sternpost {

// The outcome of asking the fleet about a domain.
inline constexpr std::array<std::string_view, 4> fleet_lookup_outcomes{"policy", "failure", "nothing",
                                                                       "unanswered"};
// Why something found there was ignored.
inline constexpr std::array<std::string_view, 5> fleet_ignored_reasons{"forged", "oversized", "future",
                                                                       "expired", "malformed"};
inline constexpr std::array<std::string_view, 3> fleet_lease_outcomes{"held", "elsewhere", "unavailable"};
// The outcome of telling the others; superseded: what they know is at least as new.
inline constexpr std::array<std::string_view, 3> fleet_publication_outcomes{"published", "superseded",
                                                                            "failed"};

struct FleetFigures {
    Tally<fleet_lookup_outcomes.size()> lookups{fleet_lookup_outcomes};
    Tally<fleet_ignored_reasons.size()> ignored{fleet_ignored_reasons};
    Tally<fleet_lease_outcomes.size()> leases{fleet_lease_outcomes};
    Tally<fleet_publication_outcomes.size()> publications{fleet_publication_outcomes};
    std::uint64_t news = 0;     // heard from other relays
    std::uint64_t outages = 0;  // how often the fleet was given up for a while
    std::size_t untold = 0;     // domains to tell the others about when it is back
    bool working = false;       // it can be asked now
    std::string server;         // the one that is asked, or was last
    std::string trouble;        // in words, while it is not working
    std::string relay;          // our own name
};

}  // namespace sternpost
