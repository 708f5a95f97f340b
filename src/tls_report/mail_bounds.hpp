// The bounds of a mail, checked before GMime reads it.
//
// Threads: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "sternpost/base/result.hpp"

namespace sternpost {

// The length of the field name that `line` begins with; 0: there is none.
std::size_t field_name_length(std::string_view line);

// Refuses a mail that goes beyond the bounds of mail.hpp, and renames each field that has addresses.
Result<void> tame(std::string& mail);

}  // namespace sternpost
