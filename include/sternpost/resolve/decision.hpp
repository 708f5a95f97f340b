// What was recently decided about a domain, and why, for people.
//
// Threads: values.
#pragma once

#include <cstddef>
#include <string>

#include "sternpost/base/time.hpp"

namespace sternpost {

// How many are remembered, the latest ones.
inline constexpr std::size_t max_decisions = 50;
// Of an answer, and of its reason; the rest is cut off.
inline constexpr std::size_t max_decision_bytes = 500;

// An answer that differs from the one before; those that do not are not counted here.
struct Decision {
    WallTime at{};
    std::string next_hop;  // as Postfix has it: "example.com", "[relay.example.com]:587"
    std::string reply;     // without its netstring
    std::string why;       // in words; may hold text of remote servers
};

}  // namespace sternpost
