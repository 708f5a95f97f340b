// The map names built into sternpostd: a socketmap request names a map before its key (socketmap_table(5)), and here that
// decides the grammar of the answer, since the protocol has no version. Configurations may add others.
//
// Threads: any; pure.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace sternpost {

// "postfix", "QUERY" and "QUERYwithTLSRPT" are the maps that the two other daemons of this kind are asked for.
inline constexpr std::array<std::string_view, 3> base_grammar_maps{"sts", "postfix", "QUERY"};
inline constexpr std::array<std::string_view, 2> extended_grammar_maps{"sts-tlsrpt", "QUERYwithTLSRPT"};

inline bool is_base_grammar_map(std::string_view name) {
    return std::ranges::find(base_grammar_maps, name) != base_grammar_maps.end();
}

inline bool is_extended_grammar_map(std::string_view name) {
    return std::ranges::find(extended_grammar_maps, name) != extended_grammar_maps.end();
}

}  // namespace sternpost
