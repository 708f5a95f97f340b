// When a loop counts as having stood still: by a slow disk, a debugger, a machine that was paused.
//
// Threads: any; a constant.
#pragma once

#include <chrono>

namespace sternpost {

// A timer that goes off later than this: what came meanwhile is taken in before anybody is blamed for silence.
inline constexpr std::chrono::seconds longest_lag{1};

}  // namespace sternpost
