// "Did you mean …?"
//
// Threads: any; pure.
#pragma once

#include <span>
#include <string_view>

namespace sternpost {

// The candidate that begins with `word`, or that a slip of the finger, capitals or an underscore could have
// turned into it; empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sternpost
