// The last hour as pictures: SVG within the page, which the page's style sheet colours.
//
// Threads: any; pure.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "history.hpp"

namespace sternpost {

// The kinds of answers that the pictures distinguish; the last one is all the rest. The style sheet has a colour for each.
inline constexpr std::array<std::string_view, 5> pictured_kinds{"secure", "dane-only", "notfound", "temp",
                                                                "other"};

// "≤ 1 ms", as HTML; beyond the last class "> 20 s".
std::string words_for_time_class(std::size_t time_class);

// Answers per minute, by kind. `minutes`: the oldest first.
std::string answers_chart(const std::vector<AnswerCounts>& minutes);
// For each minute, the range of times from that of half of the answers to that of 99 in 100.
std::string times_chart(const std::vector<AnswerCounts>& minutes);

}  // namespace sternpost
