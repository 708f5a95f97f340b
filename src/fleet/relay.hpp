// Who this relay is among the others.
//
// Threads: any.
#pragma once

#include <string>

namespace sternpost {

// The host's name, as it is told to the others.
std::string name_of_this_relay();

// 128 random bits in hex: for a lease, or for this process. Throws std::runtime_error when none can be got.
std::string random_token();

}  // namespace sternpost
