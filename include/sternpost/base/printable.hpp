// Text from outside, made fit for a log, a terminal or a reply to Postfix.
//
// Threads: any; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sternpost {

inline constexpr std::size_t max_printable = 300;

// `text` with every byte outside 0x20..0x7e as \xNN (what is printable already stays as it is). At most `limit`
// bytes, including "..." if it had to be cut; `limit` is 3 or more.
std::string printable(std::string_view text, std::size_t limit = max_printable);

// The same in quotation marks.
std::string quote(std::string_view text, std::size_t limit = max_printable);

}  // namespace sternpost
