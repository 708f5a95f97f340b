// A policy file judged line by line, for whoever publishes it or wonders why it is not obeyed.
//
// Threads: any; pure.
// Source:  RFC 8461 section 3.2. What is a fault here is one to read_policy(), and vice versa.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/policy/policy.hpp"

namespace sternpost {

// How many bytes of a line are shown, from its beginning.
inline constexpr std::size_t max_line_shown = 200;

// All texts are printable as they are.
struct PolicyLine {
    enum class Verdict {
        good,
        ignored,   // it counts for nothing
        doubtful,  // read more leniently than the grammar, as other senders need not
        wrong,     // it makes the whole policy invalid
    };
    std::size_t number = 0;  // from 1
    std::string text;
    Verdict verdict = Verdict::good;
    std::string why;  // empty if there is nothing to say
};

struct PolicyReview {
    std::vector<PolicyLine> lines;    // none if the file is not lines of text at all
    std::vector<std::string> faults;  // of the whole file, such as a missing line
    std::vector<std::string> advice;  // what a sender obeys, but its owner may not want
    std::optional<Policy> policy;     // nullopt: no sender can use it
};

PolicyReview review_policy(std::string_view body);

}  // namespace sternpost
