// HTML, written piece by piece.
//
// Threads: any; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sternpost {

// Text from anywhere, as part of a page or of the value of an attribute: printable, and no markup.
std::string html(std::string_view text, std::size_t limit = 300);
// "12 345", with narrow blanks.
std::string html(std::uint64_t number);

}  // namespace sternpost
