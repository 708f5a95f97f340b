#include "clock_check.hpp"

namespace sternpost {

namespace {

// Clocks being adjusted drift apart a little.
constexpr std::chrono::seconds tolerance{60};

}  // namespace

bool ClockCheck::steady_for(const Now& now, std::chrono::seconds time) {
    const auto apart =
        last_ ? (now.wall - last_->wall) - (now.steady - last_->steady) : SteadyTime::duration();
    if (!last_ || apart > tolerance || apart < -tolerance) since_ = now.steady;
    last_ = now;
    return now.steady - since_ >= time;
}

}  // namespace sternpost
