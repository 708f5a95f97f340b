// Durations as the file has them: "500ms", "20s", "5m", "1h", "30d".
//
// Threads: any; pure.
// Errors:  Errc::invalid with "what is wrong; what would be right".
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "sternpost/base/result.hpp"

namespace sternpost {

Result<std::chrono::milliseconds> parse_duration(std::string_view text);
// In the largest unit that divides it: "90s", "5m".
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace sternpost
