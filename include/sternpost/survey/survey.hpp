// What there is to say about the operator's own domain: which stage of MTA-STS it is in, what is wrong with what it
// publishes, and what to do about it.
//
// Threads: any; pure.
// Texts:   all printable as they are.
// Source:  RFC 8461 sections 3, 4 and 8.3; RFC 8460 section 3.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/time.hpp"
#include "sternpost/explain/explanation.hpp"

namespace sternpost {

enum class PolicyStage {
    unknown,     // it could not be found out
    nothing,     // neither record nor policy
    unfinished,  // one without the other, or one that cannot be used
    testing,
    enforce,
    retiring,  // mode none
};
std::string_view to_string(PolicyStage stage);

enum class Level {
    broken,   // senders cannot use the policy, or cannot deliver under it
    unknown,  // it could not be found out
    warning,  // it works, but not for long, or not as well as it could
    note,
};
std::string_view to_string(Level level);

struct Remark {
    Level level = Level::note;
    std::string_view code;  // a literal that never changes: "mx-not-covered"
    std::string subject;    // the host that it is about; empty: the domain
    std::string what;
    std::string remedy;  // empty: there is nothing to do
};

// What is looked at; each is a figure.
enum class Check { record, policy, id, mx_covered, mx_tls, tls_reports };
inline constexpr std::array<std::string_view, 6> check_names{"record",     "policy", "id",
                                                             "mx-covered", "mx-tls", "tls-reports"};

// A policy as it once was, and the id that announced it then.
struct Edition {
    std::string id;  // empty: not known
    std::string body;
};

struct Survey {
    std::string domain;
    PolicyStage stage = PolicyStage::unknown;
    Edition edition;  // what is published now; its texts may be the remote's
    std::optional<Policy> policy;
    std::array<std::optional<bool>, check_names.size()> checks;  // nullopt: not known, or not looked at
    std::optional<WallTime> certificate_end;                     // of the policy host
    std::optional<WallTime> mx_certificate_end;  // of the MX host whose certificate expires first
    std::vector<Remark> findings;                // the worst first

    std::optional<bool> check(Check which) const { return checks.at(static_cast<std::size_t>(which)); }
};

Survey survey_of(const Published& seen, WallTime now);

// What to do where the DNS did not answer: whether to suspect the domain's name servers or our own resolver.
std::string dns_remedy(const Published& seen);

// Adds whether the id was changed when the text was. Line ends and the order of lines do not count as a change.
void compare(Survey& survey, const Edition& before);

// The worst that was found; Level::note if nothing was.
Level worst(const std::vector<Remark>& findings);

}  // namespace sternpost
