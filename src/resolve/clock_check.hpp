// Whether the wall clock has kept pace with the steady one for some time.
//
// Threads: one.
#pragma once

#include <optional>

#include "known_domain.hpp"

namespace sternpost {

class ClockCheck {
public:
    // To be called now and then; a jump of the wall clock, or a machine that slept, starts the time again.
    bool steady_for(const Now& now, std::chrono::seconds time);

private:
    std::optional<Now> last_;
    SteadyTime since_{};
};

}  // namespace sternpost
