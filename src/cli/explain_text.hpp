// An explanation as text for people.
//
// Threads: any; pure.
#pragma once

#include <string>

#include "sternpost/base/time.hpp"
#include "sternpost/explain/explanation.hpp"
#include "terminal.hpp"

namespace sternpost {

// `now` tells how many days certificates have left.
std::string text_of(const Explanation& explanation, const Terminal& terminal, WallTime now);

}  // namespace sternpost
