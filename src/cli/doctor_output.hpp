// What `sternpost doctor` prints, and how it ends.
//
// Threads: any; pure.
#pragma once

#include <string>

#include "sternpost/doctor/examine.hpp"
#include "terminal.hpp"

namespace sternpost {

// 0 nothing or only information, 1 advice, 2 something is broken.
int exit_status(const Examination& examination);

std::string as_text(const Facts& facts, const Examination& examination, const Terminal& terminal);

// One object and a line feed; the schema is in sternpost(1), and only grows.
std::string as_json(const Facts& facts, const Examination& examination);

}  // namespace sternpost
