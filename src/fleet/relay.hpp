// Who this relay is among the others.
//
// Threads: any.
#pragma once

#include <string>

namespace sternpost {

// The host's name, as others are told it.
std::string name_of_this_relay();

// 128 random bits in hex: of a lease, or of this process. Throws std::runtime_error when there are none to be had.
std::string random_token();

}  // namespace sternpost
