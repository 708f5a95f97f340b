// The verdict on a policy file, as text for people: shared by lint and explain.
//
// Threads: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "sternpost/policy/policy_review.hpp"
#include "terminal.hpp"

namespace sternpost {

// Of a file with many lines, only this many from the top are shown, and those with something to say.
inline constexpr std::size_t max_good_lines_shown = 60;

// A line for each line of the file, with its number and verdict, then what is wrong with it as a whole. Each begins with
// `indent`.
std::string text_of(const PolicyReview& review, const Terminal& terminal, std::string_view indent);

// One line: mark, words, end of line.
std::string marked(const Terminal& terminal, Mood mood, std::string_view indent, std::string_view words);

}  // namespace sternpost
