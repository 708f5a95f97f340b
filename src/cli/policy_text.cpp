#include "policy_text.hpp"

#include <algorithm>

namespace sternpost {

namespace {

Mood mood_of(PolicyLine::Verdict verdict) {
    switch (verdict) {
        case PolicyLine::Verdict::good:
            return Mood::good;
        case PolicyLine::Verdict::ignored:
            return Mood::note;
        case PolicyLine::Verdict::doubtful:
            return Mood::warning;
        case PolicyLine::Verdict::wrong:
            break;
    }
    return Mood::bad;
}

std::string right_aligned(std::size_t number, std::size_t width) {
    const std::string digits = std::to_string(number);
    return std::string(width - std::min(width, digits.size()), ' ') + digits;
}

}  // namespace

std::string marked(const Terminal& terminal, Mood mood, std::string_view indent, std::string_view words) {
    return std::string(indent).append(terminal.mark(mood)).append(" ").append(words).append("\n");
}

std::string text_of(const PolicyReview& review, const Terminal& terminal, std::string_view indent) {
    std::string text;
    const std::size_t width = std::to_string(review.lines.size()).size();
    const std::string below = std::string(indent) + std::string(width + 5, ' ');
    std::size_t left_out = 0;
    for (const PolicyLine& line : review.lines) {
        if (line.number > max_good_lines_shown && line.why.empty()) {
            ++left_out;
            continue;
        }
        const Mood mood = mood_of(line.verdict);
        text += marked(terminal, mood, indent, right_aligned(line.number, width) + "  " + line.text);
        if (!line.why.empty()) text += below + terminal.in_colour_of(mood, line.why) + "\n";
    }
    if (left_out > 0)
        text += marked(terminal, Mood::note, indent, std::to_string(left_out) + " good lines are not shown");
    for (const std::string& fault : review.faults) text += marked(terminal, Mood::bad, indent, fault);
    return text;
}

}  // namespace sternpost
