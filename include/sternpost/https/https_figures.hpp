// What the https room has under way.
//
// Threads: a value.
#pragma once

#include <cstddef>

namespace sternpost {

struct HttpsFigures {
    std::size_t fetching = 0;
    std::size_t queued = 0;
};

}  // namespace sternpost
