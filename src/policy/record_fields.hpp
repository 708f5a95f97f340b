// What the TXT records of MTA-STS and TLS reporting are made of: fields, each NAME=VALUE, with ";" between them. A policy's
// fields have the same names.
//
// Threads: any; pure.
// Source:  RFC 8461 section 3.1, RFC 8460 section 3.
#pragma once

#include <cstddef>
#include <string_view>

namespace sternpost {

// Takes *WSP ";" *WSP off `text`; false, and nothing taken, if it does not begin with that.
bool take_delimiter(std::string_view& text);

inline constexpr std::size_t max_field_name_length = 32;

bool valid_field_name(std::string_view name);
bool valid_field_value(std::string_view value);

}  // namespace sternpost
