#include "sternpost/base/time.hpp"

#include <fmt/chrono.h>

#include <ctime>

namespace sternpost {

// Whole seconds cost a tenth of what finer time costs.
WallTime SystemClock::wall() const {
    return WallTime(std::chrono::seconds(std::time(nullptr)));
}

SteadyTime SystemClock::steady() const {
    return std::chrono::steady_clock::now();
}

std::string to_iso8601(WallTime time) {
    const std::time_t seconds = time.time_since_epoch().count();
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return fmt::format("{:%FT%TZ}", parts);
}

}  // namespace sternpost
