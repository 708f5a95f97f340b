// What must be enforced for one way of asking about a domain, and what must be known about its MX hosts for that.
//
// Threads: any; pure.
#pragma once

#include <optional>
#include <string>

#include "known_domain.hpp"
#include "sternpost/policy/next_hop.hpp"
#include "sternpost/resolve/rules.hpp"

namespace sternpost {

// Everything that distinguishes one question about a domain from another.
struct Asked {
    Route route;
    MapRules map;

    bool operator==(const Asked&) const = default;
};

Asked asked(const NextHop& next_hop, const MapRules& map);

// What decisions are based on.
struct Settings {
    const ResolveOptions& options;
    const Rules& rules;
};

// The policy to be enforced. It points into the domain, or the rules.
struct Demand {
    const Policy* policy = nullptr;           // null: there is none
    const CachedPolicy* published = nullptr;  // null: the operator's own, a pin
    std::optional<WallTime> until;            // an override that it rests on ends then
};

Demand demand_of(const KnownDomain& known, const MapRules& map, const Now& now, const Settings& settings);

enum class HostsNeeded {
    none,
    mx,    // the MX set, for wildcards and for a reply that may be too long
    dane,  // the DANE state of the route
};

HostsNeeded hosts_needed(const Demand& demand, const Asked& question);

}  // namespace sternpost
