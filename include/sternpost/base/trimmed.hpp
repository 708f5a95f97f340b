// A text without the blanks at its ends that the grammars of mail and DNS allow.
//
// Threads: any; pure.
#pragma once

#include <string_view>

namespace sternpost {

// `text` without any `blanks` (by default RFC 5234's WSP) at its ends.
constexpr std::string_view trimmed(std::string_view text, std::string_view blanks = " \t") {
    const auto first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace sternpost
