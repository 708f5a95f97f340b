// May the domain's MTA-STS policy go to enforce? Judged by what senders report.
//
// The criteria are ours; no RFC has any. They ask whether mail would be held back for lack of TLS, judged over a long
// enough time, by enough senders, lately, and whether any of them would be cut off entirely.
//
// Threads: any; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sternpost/tls_report/report_summary.hpp"

namespace sternpost {

inline constexpr std::chrono::days verdict_window{28};  // ending on the day of the newest report
inline constexpr std::size_t least_report_days = 14;    // in it, with sessions
inline constexpr std::size_t least_senders = 2;         // in it
inline constexpr std::chrono::days failure_window{14};  // older failures are assumed to be fixed
// TLS fails now and then through nobody's fault, and the mail is tried again.
inline constexpr double most_failed_share = 0.005;
// A sender with more failed sessions than this, in the same time, would be cut off.
inline constexpr double most_failed_share_of_a_sender = 0.5;
inline constexpr std::chrono::days newest_report_age{7};
// What begins more than this many days after today is from the future: a clock is wrong, or a stranger lies.
inline constexpr std::chrono::days most_days_ahead{1};

enum class Stage {
    no_policy,    // no sender has met an MTA-STS policy
    not_yet,      // a criterion is not met
    may_enforce,  // all are
    enforced,     // it is in enforce, and all is well
    failing,      // it is in enforce, and a criterion is not met
    retiring,     // it is in mode none
};
std::string_view to_string(Stage stage);

// All texts are printable.
struct Criterion {
    std::string name;  // short, and never changes
    bool met = false;
    std::string words;  // what was found, and what is wanted
};

struct EnforceVerdict {
    Stage stage = Stage::no_policy;
    std::vector<Criterion>
        criteria;  // none if there is no policy; in enforce, how long and by whom no longer matter
    std::string conclusion;
    std::vector<std::string> advice;
};

// `today`: older reports say less, and those from the future nothing.
EnforceVerdict judge(const DomainSummary& domain, Day today);

}  // namespace sternpost
