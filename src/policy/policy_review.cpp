#include "sternpost/policy/policy_review.hpp"

#include <algorithm>
#include <utility>

#include "policy_reader.hpp"
#include "sternpost/base/printable.hpp"

namespace sternpost {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds a_day = 24h;
constexpr std::chrono::seconds a_week = 7 * a_day;

PolicyLine judged(PolicyReader& reader, std::string_view text) {
    PolicyLine line;
    line.text = printable(text, max_line_shown);
    if (Fault fault = reader.read_line(text)) {
        line.verdict = PolicyLine::Verdict::wrong;
        line.why = std::move(*fault);
    } else if (!reader.note().text.empty()) {
        line.verdict = reader.note().ignored ? PolicyLine::Verdict::ignored : PolicyLine::Verdict::doubtful;
        line.why = reader.note().text;
    }
    return line;
}

std::vector<std::string> advice_on(const Policy& policy) {
    std::vector<std::string> advice;
    if (policy.mode == Mode::testing)
        advice.emplace_back("mode is testing: senders need not enforce it, failures are only reported");
    if (policy.mode == Mode::none) advice.emplace_back("mode is none: senders go on as without a policy");
    const bool obeyed = policy.mode == Mode::enforce;
    if (obeyed && policy.max_age < a_day)
        advice.emplace_back(
            "max_age is less than a day: most senders will have forgotten the policy by their next mail");
    else if (obeyed && policy.max_age < a_week)
        advice.emplace_back("max_age is less than a week; RFC 8461 section 3.2 expects weeks or more");
    if (std::ranges::any_of(policy.mx, &MxPattern::address))
        advice.emplace_back("an mx that is an address lets no MX host pass; write the host's name");
    return advice;
}

}  // namespace

PolicyReview review_policy(std::string_view body) {
    PolicyReview review;
    if (Fault fault = fault_of_file(body)) {
        review.faults.push_back(std::move(*fault));
        return review;
    }
    PolicyReader reader;
    bool good = true;
    while (!body.empty()) {
        PolicyLine line = judged(reader, take_line(body));
        line.number = review.lines.size() + 1;
        good = good && line.verdict != PolicyLine::Verdict::wrong;
        review.lines.push_back(std::move(line));
    }
    review.faults = reader.finish();
    if (!good || !review.faults.empty()) return review;
    review.policy = reader.take();
    review.advice = advice_on(*review.policy);
    return review;
}

}  // namespace sternpost
