// What a mail may have before GMime reads it.
//
// Threads: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "sternpost/base/result.hpp"

namespace sternpost {

// The length of the name of a field that `line` begins with; 0: none.
std::size_t field_name_length(std::string_view line);

// Refuses a mail that goes beyond the bounds of mail.hpp, and renames each field of addresses.
Result<void> tame(std::string& mail);

}  // namespace sternpost
