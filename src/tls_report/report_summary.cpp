#include "sternpost/tls_report/report_summary.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>

#include "sternpost/base/joined.hpp"
#include "sternpost/tls_report/result_type.hpp"

namespace sternpost {

namespace {

constexpr std::size_t row_overhead = 48;  // of a node of a map
constexpr std::size_t max_hosts_in_a_row = 20;

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
    return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max()
                                                             : a + b;
}

Day day_of(const TlsReport& report) {
    return std::chrono::floor<std::chrono::days>(report.start);
}

// With the domains, since some senders give all reports of a day one id; and the figures if there is no id.
std::size_t identity_of(const TlsReport& report) {
    std::string identity = report.organization + '\n' + report.id + '\n' + to_iso8601(report.start) + '\n' +
                           to_iso8601(report.end);
    std::set<std::string> policies;
    for (const PolicyReport& policy : report.policies)
        policies.insert(report.id.empty()
                            ? policy.domain + ' ' + policy.type + ' ' + std::to_string(policy.good) + ' ' +
                                  std::to_string(policy.failed)
                            : policy.domain);
    for (const std::string& policy : policies) identity += '\n' + policy;
    return std::hash<std::string>()(identity);
}

std::size_t length(Day) {
    return 0;
}
std::size_t length(const std::string& text) {
    return text.size();
}
std::size_t length(const SessionKey& key) {
    return key.sender.size() + key.policy_type.size() + key.mx.size();
}
std::size_t length(const FailureKey& key) {
    return key.result_type.size() + key.mx_host.size() + key.receiving_ip.size() + key.sender.size() +
           key.reason.size();
}

// The value of `key`; if it was not there, its row is added to `bytes`.
template <class Map>
auto& row(Map& table, const typename Map::key_type& key, std::size_t& bytes) {
    const auto [at, is_new] = table.try_emplace(key);
    if (is_new) bytes += row_overhead + sizeof(*at) + length(key);
    return at->second;
}

}  // namespace

Sessions& Sessions::operator+=(const Sessions& more) {
    good = sum(good, more.good);
    failed = sum(failed, more.failed);
    return *this;
}

std::uint64_t Sessions::all() const {
    return sum(good, failed);
}

double Sessions::failed_share() const {
    return all() == 0 ? 0.0 : static_cast<double>(failed) / static_cast<double>(all());
}

std::string percent(double share) {
    constexpr double hundredths = 10'000;
    const auto rounded = static_cast<long>(std::lround(share * hundredths));
    if (rounded == 0 && share > 0) return "under 0.01 %";
    std::string text = std::to_string(rounded / 100);
    if (const long rest = rounded % 100; rest != 0) {
        text += '.' + std::to_string(rest / 10);
        if (rest % 10 != 0) text += std::to_string(rest % 10);
    }
    return text + " %";
}

std::optional<Mode> DomainSummary::mode_until(Day last) const {
    const auto later = modes.upper_bound(last);
    if (later == modes.begin()) return std::nullopt;
    return std::prev(later)->second;
}

bool ReportSummary::is_wanted(Day day) const {
    return (!filter_.since || day >= *filter_.since) && (!filter_.until || day <= *filter_.until);
}

bool ReportSummary::is_wanted(const PolicyReport& policy) const {
    return filter_.domains.empty() || filter_.domains.contains(policy.domain);
}

ReportSummary::Taken ReportSummary::add(const TlsReport& report) {
    const Day day = day_of(report);
    const auto wanted = [this](const PolicyReport& policy) { return is_wanted(policy); };
    if (!is_wanted(day) || !(filter_.domains.empty() || std::ranges::any_of(report.policies, wanted)))
        return Taken::filtered_out;
    if (bytes_ >= max_summary_bytes) return Taken::no_room;
    if (!seen_.insert(identity_of(report)).second) return Taken::duplicate;
    bytes_ += row_overhead;
    std::set<std::string> domains;
    for (const PolicyReport& policy : report.policies) {
        if (!is_wanted(policy)) continue;
        add(report, policy);
        domains.insert(policy.domain);
    }
    for (const std::string& domain : domains) ++domains_[domain].reports;
    first_ = counted_ == 0 ? day : std::min(first_, day);
    last_ = counted_ == 0 ? day : std::max(last_, day);
    senders_.insert(report.organization);
    ++counted_;
    return Taken::counted;
}

void ReportSummary::add(const TlsReport& report, const PolicyReport& policy) {
    const Day day = day_of(report);
    const Sessions sessions{policy.good, policy.failed};
    DomainSummary& into = row(domains_, policy.domain, bytes_);
    row(into.sessions,
        SessionKey{report.organization, policy.type, policy.mode, joined(policy.mx, max_hosts_in_a_row)},
        bytes_) += sessions;
    row(into.days, day, bytes_) += sessions;
    add_failures(report, policy, into);
    if (policy.type != "sts") return;
    row(row(into.sts_days, day, bytes_), report.organization, bytes_) += sessions;
    if (!policy.mode) return;
    Mode& strictest = row(into.modes, day, bytes_);
    strictest = std::max(strictest, *policy.mode);
}

void ReportSummary::add_failures(const TlsReport& report, const PolicyReport& policy, DomainSummary& into) {
    const Day day = day_of(report);
    std::uint64_t told = 0;
    const auto count = [&](const FailureKey& key, std::uint64_t sessions) {
        FailureCount& failure = row(into.failures, key, bytes_);
        failure.first = failure.sessions == 0 ? day : std::min(failure.first, day);
        failure.last = failure.sessions == 0 ? day : std::max(failure.last, day);
        failure.sessions = sum(failure.sessions, sessions);
    };
    for (const FailureDetail& detail : policy.failures) {
        count({detail.result_type, detail.mx_host, detail.receiving_ip, report.organization, detail.reason},
              detail.sessions);
        told = sum(told, detail.sessions);
    }
    if (told < policy.failed)
        count({std::string(without_details), "", "", report.organization, ""}, policy.failed - told);
}

}  // namespace sternpost
