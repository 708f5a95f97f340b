#include "sternpost/base/time.hpp"

#include <fmt/chrono.h>

#include <ctime>

namespace sternpost {

WallTime SystemClock::wall() const {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
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
