// Dates and times as reports and their files' names have them.
//
// Threads: any; pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "sternpost/base/time.hpp"

namespace sternpost {

// RFC 3339's date-time, also with a blank for the T, without a zone (UTC), or the date alone. The years 1970 to 9999.
std::optional<WallTime> read_date_time(std::string_view text);

}  // namespace sternpost
