// What the targets check with.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sternpost::fuzz {

// Something did not hold. Nobody but the test and libFuzzer catches it.
struct Broken : std::logic_error {
    using std::logic_error::logic_error;
};

inline void must(bool holds, std::string_view what) {
    if (!holds) throw Broken(std::string(what));
}

inline bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

inline std::vector<std::string> parts_of(std::string_view input, std::string_view mark) {
    std::vector<std::string> parts;
    for (;;) {
        const auto at = input.find(mark);
        parts.emplace_back(input.substr(0, at));
        if (at == input.npos) return parts;
        input.remove_prefix(at + mark.size());
    }
}

}  // namespace sternpost::fuzz
