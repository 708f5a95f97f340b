// What many TLS reports say together, by the domain that they are about.
//
// A report that was seen before, going by its organization, id, time and domains, is not counted again. A session under two
// policies, MTA-STS and DANE, is in a report twice, and so it is here.
//
// Ownership: keeps what it needs of each report, not the report.
// Threads:   one.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "sternpost/tls_report/tls_report.hpp"

namespace sternpost {

// All tables together, roughly. Reports that would need more are refused: strangers decide how many rows there are.
inline constexpr std::size_t max_summary_bytes = 256UL * 1024 * 1024;

using Day = std::chrono::sys_days;  // of UTC, on which a report begins

// Sums saturate at the greatest number.
struct Sessions {
    std::uint64_t good = 0;
    std::uint64_t failed = 0;

    Sessions& operator+=(const Sessions& more);
    std::uint64_t all() const;
    double failed_share() const;  // 0 if there were no sessions
};

// "0.25 %"; a tiny share that is not zero is "under 0.01 %".
std::string percent(double share);

// Whose sessions, under which policy, to which MX hosts.
struct SessionKey {
    std::string sender;
    std::string policy_type;
    std::optional<Mode> mode;
    std::string mx;  // hosts and patterns, with ", " between them; empty: the sender does not say
    auto operator<=>(const SessionKey&) const = default;
};

struct FailureKey {
    std::string result_type;
    std::string mx_host;
    std::string receiving_ip;
    std::string sender;
    std::string reason;
    auto operator<=>(const FailureKey&) const = default;
};

struct FailureCount {
    std::uint64_t sessions = 0;
    Day first{};
    Day last{};
};

struct DomainSummary {
    std::size_t reports = 0;
    std::map<SessionKey, Sessions> sessions;
    std::map<FailureKey, FailureCount> failures;
    std::map<Day, Sessions> days;
    std::map<Day, std::map<std::string, Sessions>> sts_days;  // of MTA-STS alone, by sender
    std::map<Day, Mode> modes;                                // that senders saw, the strictest of each day

    // The newest of these on that day or before.
    std::optional<Mode> mode_until(Day last) const;
};

// What is counted.
struct SummaryFilter {
    std::optional<Day> since;  // both inclusive
    std::optional<Day> until;
    std::set<std::string> domains;  // normalised; none: all
};

class ReportSummary {
public:
    explicit ReportSummary(SummaryFilter filter) : filter_(std::move(filter)) {}

    enum class Taken { counted, duplicate, filtered_out, no_room };
    Taken add(const TlsReport& report);

    const std::map<std::string, DomainSummary>& domains() const { return domains_; }  // by name
    std::size_t counted() const { return counted_; }
    const std::set<std::string>& senders() const { return senders_; }
    Day first() const { return first_; }  // if anything was counted
    Day last() const { return last_; }

private:
    bool is_wanted(Day day) const;
    bool is_wanted(const PolicyReport& policy) const;
    void add(const TlsReport& report, const PolicyReport& policy);
    void add_failures(const TlsReport& report, const PolicyReport& policy, DomainSummary& into);

    const SummaryFilter filter_;
    std::map<std::string, DomainSummary> domains_;
    std::set<std::size_t> seen_;  // hashes of what identifies a report seen before
    std::set<std::string> senders_;
    std::size_t bytes_ = 0;
    std::size_t counted_ = 0;
    Day first_{};
    Day last_{};
};

}  // namespace sternpost
