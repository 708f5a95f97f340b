#include "sternpost/explain/fleet_layer.hpp"

namespace sternpost {

FleetLayer fleet_layer(const SharedDomain& shared, const FleetFigures& figures) {
    if (!figures.working) return fleet_layer_without(figures.trouble);
    FleetLayer layer;
    layer.verdict = Verdict::note;
    layer.summary = "the other relays know no policy";
    if (shared.failed)
        layer.summary = "the other relays could not fetch the policy: " + shared.failed->failed.reason;
    if (!shared.policy) return layer;
    const CachedPolicy& policy = *shared.policy;
    layer.verdict = Verdict::good;
    layer.id = policy.id;
    layer.mode = to_string(policy.policy.mode);
    layer.relay = policy.learnt_by;
    layer.fetched = policy.fetched;
    layer.expires = policy.expires();
    layer.summary = layer.relay + " has learnt the policy " + layer.id + ", mode " + layer.mode + ", at " +
                    to_iso8601(policy.fetched);
    return layer;
}

FleetLayer fleet_layer_without(const std::string& why) {
    FleetLayer layer;
    layer.summary = "the fleet cannot be asked: " + why;
    return layer;
}

}  // namespace sternpost
