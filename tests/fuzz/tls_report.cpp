// The JSON of a TLS report, after a line that is the name of its file. Up to what is told of it.
#include "sternpost/tls_report/tls_report.hpp"

#include "sternpost/tls_report/enforce_verdict.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

namespace {

void check(const PolicyReport& policy) {
    must(is_printable(policy.type) && is_printable(policy.domain), "a policy is printable");
    must(policy.mx.size() <= max_policy_hosts && std::ranges::all_of(policy.mx, is_printable),
         "so are its hosts");
    must(policy.good <= max_sessions, "no number is absurd");
    for (const FailureDetail& detail : policy.failures) {
        must(is_printable(detail.result_type) && is_printable(detail.mx_host) &&
                 is_printable(detail.receiving_ip) && is_printable(detail.reason),
             "a failure is printable");
        must(detail.sessions <= max_sessions, "nor of its sessions");
    }
}

}  // namespace

void tls_report(std::string_view input) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const ReportOrigin origin{std::string(input.substr(0, end)), "", ""};
    const auto report = read_tls_report(input.substr(std::min(end + 1, input.size())), origin);
    if (!report) return must(is_printable(report.error().detail), "a fault is printable");

    must(is_printable(report->organization) && !report->organization.empty(), "a sender has a name");
    must(is_printable(report->id) && report->start <= report->end, "a report has an id and a time");
    must(report->policies.size() <= max_report_policies, "policies are bounded");
    std::ranges::for_each(report->policies, check);

    ReportSummary summary({});
    must(summary.add(*report) == ReportSummary::Taken::counted, "it is counted");
    must(summary.add(*report) == ReportSummary::Taken::duplicate, "and only once");
    for (const auto& [name, domain] : summary.domains()) {
        const EnforceVerdict verdict = judge(domain, summary.last());
        for (const Criterion& criterion : verdict.criteria)
            must(is_printable(criterion.words), "a criterion is printable");
        for (const std::string& advice : verdict.advice) must(is_printable(advice), "so is advice");
    }
}

}  // namespace sternpost::fuzz
