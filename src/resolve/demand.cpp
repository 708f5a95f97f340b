#include "demand.hpp"

#include <algorithm>

#include "sternpost/answer/answer.hpp"

namespace sternpost {

Asked asked(const NextHop& next_hop, const MapRules& map) {
    Asked question;
    question.route.bracketed = next_hop.bracketed;
    question.route.port = next_hop.port;
    question.map = map;
    return question;
}

Demand demand_of(const KnownDomain& known, const MapRules& map, const Now& now, const Settings& settings) {
    Demand demand;
    const Override* decided = settings.rules.override_of(known.domain, now.wall);
    const auto is = [decided](Override::Action action) {
        return decided != nullptr && decided->action == action;
    };
    if (decided != nullptr) demand.until = decided->until;
    if (is(Override::Action::pin)) {
        demand.policy = &decided->pinned;
        return demand;
    }
    if (!known.policy_applies(now.wall, settings.options)) return demand;
    const Mode mode = known.policy->policy.mode;
    const bool obey_testing = map.enforce_testing || is(Override::Action::enforce_testing);
    if (mode == Mode::enforce || (mode == Mode::testing && obey_testing)) {
        demand.policy = &known.policy->policy;
        demand.published = known.policy.get();
    }
    return demand;
}

HostsNeeded hosts_needed(const Demand& demand, const Asked& question) {
    if (demand.policy == nullptr) return HostsNeeded::none;
    if (question.map.dane) return HostsNeeded::dane;
    if (question.route.bracketed) return HostsNeeded::none;
    const bool wildcards = std::ranges::any_of(demand.policy->mx, &MxPattern::wildcard);
    // A reply that is too long keeps the patterns that an MX host matches.
    const bool long_reply = question.map.tlsrpt && demand.published != nullptr &&
                            demand.published->body.size() > max_body_that_fits;
    return wildcards || long_reply ? HostsNeeded::mx : HostsNeeded::none;
}

}  // namespace sternpost
