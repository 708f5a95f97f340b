// Numbers and lengths of time as people say them.
//
// Threads: any; pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace sternpost {

// "1 MX host", "3 MX hosts".
std::string counted(std::size_t count, std::string_view thing);
// In the largest unit that loses little: "7 days", "36 hours", "10 minutes", "59 seconds".
std::string in_words(std::chrono::seconds time);

}  // namespace sternpost
