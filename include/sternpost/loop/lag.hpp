// When a loop counts as having stood still, because of a slow disk, a debugger or a paused machine.
//
// Threads: any; a constant.
#pragma once

#include <chrono>

namespace sternpost {

// If a timer goes off later than this, what came meanwhile is taken in before anybody is blamed for silence.
inline constexpr std::chrono::seconds longest_lag{1};

}  // namespace sternpost
