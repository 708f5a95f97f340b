// How many connections of Postfix the limit on open files leaves room for (RLIMIT_NOFILE).
//
// Threads: the main thread.
#pragma once

#include <cstddef>

namespace sternpost {

// Descriptors that are kept for DNS, HTTPS, disk and log, or half of what there is when that is less: no
// number of connections keeps a policy from being fetched.
inline constexpr std::size_t descriptors_for_lookups = 4096;

// Raises the soft limit as far as `wanted` connections need it. As many of them as there is room for; fewer
// than wanted are a warning in the log.
std::size_t connections_with_room(std::size_t wanted);

}  // namespace sternpost
