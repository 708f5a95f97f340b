// The rooms' figures by the names that Prometheus knows them by.
//
// Threads: any; pure.
#pragma once

#include <optional>
#include <string>

#include "sternpost/base/time.hpp"
#include "sternpost/dns/dns_figures.hpp"
#include "sternpost/fleet/fleet_figures.hpp"
#include "sternpost/https/https_figures.hpp"
#include "sternpost/resolve/resolve_figures.hpp"
#include "sternpost/socketmap/socketmap_figures.hpp"
#include "sternpost/store/policy_store.hpp"

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
    std::optional<FleetFigures> fleet{};  // nullopt: there is none
};

// The text exposition format. Every series is there from the start, so that a first failure is seen as an increase.
std::string metrics_text(const AllFigures& figures);

}  // namespace sternpost
