// A TLS report (RFC 8460 section 4.4) as a value, and the reader of its JSON: what another sender says about its sessions
// with our MX hosts.
//
// Read leniently, since what senders send is not always what the RFC says: numbers may be strings, single values may stand
// for lists of one, and what a report leaves out may come from its file's name or its mail. No number is ever guessed.
//
// Threads: any; pure.
// Errors:  Errc::invalid with the place in the JSON and the reason, printable as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/result.hpp"
#include "sternpost/base/time.hpp"
#include "sternpost/policy/policy.hpp"

namespace sternpost {

inline constexpr std::size_t max_report_bytes = 16UL * 1024 * 1024;  // of JSON
inline constexpr std::size_t max_report_depth = 16;                  // the RFC's own needs 6
inline constexpr std::size_t max_report_values = 1'000'000;          // of all kinds, since each takes memory
inline constexpr std::size_t max_report_policies = 1000;
inline constexpr std::size_t max_report_failures = 50'000;  // of all its policies
inline constexpr std::size_t max_report_lines = 50'000;     // of the texts and hosts of all its policies
inline constexpr std::size_t max_policy_hosts = 1000;       // patterns of one policy that are kept
inline constexpr std::size_t max_report_text = 200;         // of a text that is kept; more is cut
inline constexpr std::uint64_t max_sessions = 1'000'000'000'000;  // no sender has more in a day

// All texts are printable as they are.
struct FailureDetail {
    std::string result_type;   // lower case; one of RFC 8460 section 4.3, or the sender's own
    std::string mx_host;       // these are empty if the sender does not say
    std::string receiving_ip;  //
    std::string reason;        // the failure-reason-code
    std::uint64_t sessions = 0;
};

struct PolicyReport {
    std::string type;             // "sts", "tlsa", "no-policy-found", or the sender's own; lower case
    std::string domain;           // normalised; empty: nothing says which
    std::optional<Mode> mode;     // nullopt: the policy's text is not in the report, or does not say
    std::vector<std::string> mx;  // hosts and patterns of the policy that was applied
    std::uint64_t good = 0;       // sessions
    std::uint64_t failed = 0;
    std::vector<FailureDetail> failures;  // their sum need not be `failed`
};

struct TlsReport {
    std::string organization;  // who sent it
    std::string id;
    WallTime start{};
    WallTime end{};
    std::vector<PolicyReport> policies;
};

// What the file's name (RFC 8460 section 5.1) and the mail's header (section 5.3) say, for whatever the report does not.
struct ReportOrigin {
    std::string file_name;
    std::string domain;     // TLS-Report-Domain
    std::string submitter;  // TLS-Report-Submitter
};

Result<TlsReport> read_tls_report(std::string_view json, const ReportOrigin& origin);

}  // namespace sternpost
