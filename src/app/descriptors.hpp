// How many connections of Postfix the limit on open files leaves room for (RLIMIT_NOFILE).
//
// Threads: the main thread.
#pragma once

#include <cstddef>

namespace sternpost {

// Descriptors that are reserved for DNS, HTTPS, disk and log, or half of all there are if that is less:
// however many connections there are, a policy can still be fetched.
inline constexpr std::size_t descriptors_for_lookups = 4096;

// Raises the soft limit as far as `wanted` connections need it. Returns how many of them there is room for;
// if that is fewer than wanted, the log has a warning.
std::size_t connections_with_room(std::size_t wanted);

}  // namespace sternpost
