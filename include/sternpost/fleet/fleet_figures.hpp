// What the fleet room counts, and how the shared memory is.
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

// What came of asking the fleet for a domain.
inline constexpr std::array<std::string_view, 4> fleet_lookup_outcomes{"policy", "failure", "nothing",
                                                                       "unanswered"};
// Why something that was found there was ignored.
inline constexpr std::array<std::string_view, 5> fleet_ignored_reasons{"forged", "oversized", "future",
                                                                       "expired", "malformed"};
inline constexpr std::array<std::string_view, 3> fleet_lease_outcomes{"held", "elsewhere", "unavailable"};
// What came of telling the others; superseded: what they know is as new.
inline constexpr std::array<std::string_view, 3> fleet_publication_outcomes{"published", "superseded",
                                                                            "failed"};

struct FleetFigures {
    Tally<fleet_lookup_outcomes.size()> lookups{fleet_lookup_outcomes};
    Tally<fleet_ignored_reasons.size()> ignored{fleet_ignored_reasons};
    Tally<fleet_lease_outcomes.size()> leases{fleet_lease_outcomes};
    Tally<fleet_publication_outcomes.size()> publications{fleet_publication_outcomes};
    std::uint64_t news = 0;     // heard of other relays
    std::uint64_t outages = 0;  // times that the fleet was given up for a while
    std::size_t untold = 0;     // domains that the others are to be told of when it is back
    bool working = false;       // it is asked now
    std::string server;         // that is asked, or was last
    std::string trouble;        // in words, while it is not working
    std::string relay;          // our own name
};

}  // namespace sternpost
