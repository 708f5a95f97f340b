#include "field.hpp"
#include "sternpost/config/config.hpp"

namespace sternpost {

std::vector<std::string> not_in_force_yet(const Config& config) {
    const Config defaults;
    std::vector<std::string> told;
    if (!config.admin.socket.empty() && config.admin.socket != defaults.admin.socket)
        told.push_back("[admin] socket = " + in_quotes(config.admin.socket) +
                       " has no effect yet: no such socket is opened");
    if (config.admin.metrics) told.emplace_back("[admin] metrics has no effect yet: no metrics are served");
    return told;
}

}  // namespace sternpost
