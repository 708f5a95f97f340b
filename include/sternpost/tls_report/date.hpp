// "2026-11-26", a day of UTC.
//
// Threads: any; pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace sternpost {

std::optional<std::chrono::sys_days> read_date(std::string_view text);
std::string to_date(std::chrono::sys_days day);

}  // namespace sternpost
