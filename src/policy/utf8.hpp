// Threads: any; pure.
#pragma once

#include <string_view>

namespace sternpost {

// Whether all of `text` is well-formed UTF-8 (RFC 3629 section 4).
bool is_utf8(std::string_view text);

}  // namespace sternpost
