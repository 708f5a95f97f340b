// What the other relays know about a domain, as a part of its story.
//
// Threads: any; pure.
#pragma once

#include "sternpost/explain/explanation.hpp"
#include "sternpost/fleet/fleet.hpp"

namespace sternpost {

// `figures`: as they were after asking the fleet.
FleetLayer fleet_layer(const SharedDomain& shared, const FleetFigures& figures);
// It could not be asked at all.
FleetLayer fleet_layer_without(const std::string& why);

}  // namespace sternpost
