// The rooms' figures under the names that Prometheus knows them by.
//
// Threads: any; pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sternpost/base/time.hpp"
#include "sternpost/dns/dns_figures.hpp"
#include "sternpost/fleet/fleet_figures.hpp"
#include "sternpost/https/https_figures.hpp"
#include "sternpost/resolve/resolve_figures.hpp"
#include "sternpost/socketmap/socketmap_figures.hpp"
#include "sternpost/store/policy_store.hpp"
#include "sternpost/survey/watch.hpp"

namespace sternpost {

struct AllFigures {
    const SocketmapFigures& socketmap;
    ResolveFigures resolve;
    DnsFigures dns;
    HttpsFigures https;
    StoreFigures store;
    unsigned cache_losses = 0;
    std::optional<PolicyCounts> policies;  // nullopt: the disk cannot be read
    std::string version;
    WallTime started{};
    std::optional<FleetFigures> fleet{};      // nullopt: there is none
    std::vector<WatchedDomain> watched = {};  // the operator's own domains
};

// The text exposition format. Every series is there from the start, so that a first failure is seen as an increase.
// The operator's own domains are given by name with Names::told, else by the number of their place in the configuration.
enum class Names { told, left_out };
std::string metrics_text(const AllFigures& figures, Names names = Names::left_out);

}  // namespace sternpost
