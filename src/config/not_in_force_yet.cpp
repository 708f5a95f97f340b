#include "field.hpp"
#include "sternpost/config/config.hpp"

namespace sternpost {

std::vector<std::string> not_in_force_yet(const Config& config) {
    const Config defaults;
    std::vector<std::string> told;
    if (!config.user.empty())
        told.push_back("user = " + in_quotes(config.user) +
                       " has no effect yet: the daemon keeps the user that it is started as");
    if (config.dns.trust_ad)
        told.emplace_back(
            "[dns] trust-ad has no effect yet: only DANE needs it, and no DANE lookups are made");
    if (config.answers.dane == DaneSwitch::on)
        told.emplace_back(
            R"([answers] dane = "on" has no effect yet: no DANE lookups are made, every answer is by MTA-STS alone)");
    if (!config.admin.socket.empty() && config.admin.socket != defaults.admin.socket)
        told.push_back("[admin] socket = " + in_quotes(config.admin.socket) +
                       " has no effect yet: no such socket is opened");
    if (config.admin.metrics) told.emplace_back("[admin] metrics has no effect yet: no metrics are served");
    for (const auto& [name, map] : config.maps)
        told.push_back("[maps." + name + "] has no effect yet: a question to this map is refused as unknown");
    for (const OverrideConfig& entry : config.overrides)
        told.push_back("[[override]] for " + in_quotes(entry.domain) +
                       " has no effect yet: the domain is answered by its own policy");
    return told;
}

}  // namespace sternpost
