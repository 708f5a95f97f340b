#include "sternpost/tls_report/tls_report.hpp"

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <set>

#include "date_time.hpp"
#include "json_field.hpp"
#include "report_name.hpp"
#include "sternpost/base/ascii.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/base/trimmed.hpp"
#include "sternpost/policy/host_name.hpp"

namespace json = boost::json;

namespace sternpost {

namespace {

// As the sender has it if it is not a host name, such as a pattern.
std::string normalised(std::string_view name) {
    name = trimmed(name, " \t\r");
    return normalise_host_name(name).value_or(lower_case(printable(name, max_report_text)));
}

// Each value but the outermost comes after one of these; in a string they count, too.
bool may_begin_a_value(char c) {
    return c == ',' || c == '[' || c == '{';
}

std::string json_fault(const boost::system::error_code& error, std::size_t read) {
    if (error == json::error::too_deep)
        return "the JSON is nested deeper than " + std::to_string(max_report_depth);
    if (error == json::error::incomplete) return "the JSON ends too early, at byte " + std::to_string(read);
    return "no JSON from byte " + std::to_string(read + 1) + " on";
}

// Reads one report; the parts of it that were kept count against its limits.
class Reader {
public:
    explicit Reader(const ReportOrigin& origin)
        : origin_(origin), name_(read_report_name(origin.file_name)) {}

    Result<TlsReport> read(const JsonField& report) {
        if (!report.is_object()) return failure(Errc::invalid, "no TLS report: the JSON is no object");
        const JsonField policies = report.member("policies");
        if (!policies.there()) return failure(Errc::invalid, "no TLS report: it has no \"policies\"");
        TlsReport read;
        read.organization = organization(report);
        read.id = report.member("report-id").text();
        if (auto error = date_range(report.member("date-range"), read)) return tl::unexpected(*error);
        const auto elements = policies.elements();
        if (elements.size() > max_report_policies)
            return policies.wrong("has more than " + std::to_string(max_report_policies) + " entries");
        for (const JsonField& element : elements) {
            auto policy = policy_report(element);
            if (!policy) return tl::unexpected(policy.error());
            read.policies.push_back(std::move(*policy));
        }
        return read;
    }

private:
    std::string organization(const JsonField& report) const {
        const std::string contact = report.member("contact-info").text();
        for (const std::string& name : {report.member("organization-name").text(), origin_.submitter,
                                        name_ ? name_->sender : std::string(), contact})
            if (!name.empty()) return name;
        return "unnamed sender";
    }

    std::optional<Error> date_range(const JsonField& range, TlsReport& into) const {
        for (const auto& [key, time] :
             {std::pair("start-datetime", &TlsReport::start), std::pair("end-datetime", &TlsReport::end)}) {
            const JsonField field = range.member(key);
            const auto read = read_date_time(field.raw_text());
            if (!read && field.there()) return field.wrong("is no date and time").value();
            if (!read && !name_)
                return field.wrong("is missing, and the name of the file has no time either").value();
            into.*time = read ? *read : time == &TlsReport::start ? name_->start : name_->end;
        }
        if (into.end < into.start) return range.wrong("ends before it begins").value();
        return std::nullopt;
    }

    Result<PolicyReport> policy_report(const JsonField& element) {
        if (!element.is_object()) return element.wrong("is no object");
        PolicyReport read;
        if (auto error = policy(element.member("policy"), read)) return tl::unexpected(*error);
        if (auto error = failures(element.member("failure-details"), read)) return tl::unexpected(*error);
        const JsonField summary = element.member("summary");
        const auto good = summary.member("total-successful-session-count").count();
        if (!good) return tl::unexpected(good.error());
        const auto failed = summary.member("total-failure-session-count").count();
        if (!failed) return tl::unexpected(failed.error());
        read.good = good->value_or(0);
        std::uint64_t told = 0;  // stays far below 2^64 by the limits
        for (const FailureDetail& detail : read.failures) told += detail.sessions;
        read.failed = failed->value_or(told);
        return read;
    }

    std::optional<Error> policy(const JsonField& policy, PolicyReport& into) {
        into.type = lower_case(policy.member("policy-type").text());
        if (into.type.empty()) into.type = "type not told";
        into.domain = normalised(policy.member("policy-domain").raw_text());
        if (into.domain.empty()) into.domain = normalised(origin_.domain);
        if (into.domain.empty() && name_) into.domain = name_->domain;
        const auto hosts = policy.member("mx-host").elements();
        const auto strings = policy.member("policy-string").elements();
        lines_ += hosts.size();
        for (const JsonField& element : strings) lines_ += lines_of(element.raw_text());
        if (lines_ > max_report_lines)
            return Error(Errc::invalid, "the report has more than " + std::to_string(max_report_lines) +
                                            " lines of policies");
        std::set<std::string> seen;
        for (const JsonField& host : hosts) add_host(host.raw_text(), seen, into);
        const bool hosts_told = !into.mx.empty();
        for (const JsonField& element : strings) policy_lines(element.raw_text(), hosts_told, seen, into);
        return std::nullopt;
    }

    static std::size_t lines_of(std::string_view text) {
        const bool is_cut = !text.empty() && !text.ends_with('\n');
        return static_cast<std::size_t>(std::ranges::count(text, '\n')) + (is_cut || text.empty() ? 1 : 0);
    }

    // For MTA-STS: some senders give the policy one string per line, others all in one.
    static void policy_lines(std::string_view lines, bool hosts_told, std::set<std::string>& seen,
                             PolicyReport& into) {
        while (!lines.empty()) {
            const auto end = std::min(lines.find('\n'), lines.size());
            const std::string_view line = lines.substr(0, end);
            lines.remove_prefix(std::min(end + 1, lines.size()));
            const auto colon = line.find(':');
            if (colon == line.npos) continue;
            const std::string_view key = trimmed(line.substr(0, colon));
            const std::string_view value = trimmed(line.substr(colon + 1), " \t\r");
            if (key == "mode") into.mode = mode_of(value);
            if (key == "mx" && !hosts_told) add_host(value, seen, into);
        }
    }

    static void add_host(std::string_view host, std::set<std::string>& seen, PolicyReport& into) {
        if (into.mx.size() >= max_policy_hosts) return;
        const std::string name = normalised(host);
        if (!name.empty() && seen.insert(name).second) into.mx.push_back(name);
    }

    std::optional<Error> failures(const JsonField& details, PolicyReport& into) {
        const auto elements = details.elements();
        failures_ += elements.size();
        if (failures_ > max_report_failures)
            return Error(Errc::invalid, "the report has more than " + std::to_string(max_report_failures) +
                                            " failure-details");
        for (const JsonField& element : elements) {
            if (!element.is_object()) return element.wrong("is no object").value();
            FailureDetail detail;
            detail.result_type = lower_case(element.member("result-type").text());
            if (detail.result_type.empty()) detail.result_type = "type not told";
            detail.mx_host = normalised(element.member("receiving-mx-hostname").raw_text());
            detail.receiving_ip = element.member("receiving-ip").text();
            detail.reason = element.member("failure-reason-code").text();
            const auto sessions = element.member("failed-session-count").count();
            if (!sessions) return sessions.error();
            detail.sessions = sessions->value_or(0);
            into.failures.push_back(std::move(detail));
        }
        return std::nullopt;
    }

    const ReportOrigin& origin_;
    const std::optional<ReportName> name_;
    std::size_t failures_ = 0;
    std::size_t lines_ = 0;
};

}  // namespace

Result<TlsReport> read_tls_report(std::string_view text, const ReportOrigin& origin) {
    if (text.size() > max_report_bytes)
        return failure(Errc::invalid, "the report is longer than " +
                                          std::to_string(max_report_bytes / (1024UL * 1024)) + " MiB");
    if (std::ranges::count_if(text, may_begin_a_value) > static_cast<std::ptrdiff_t>(max_report_values))
        return failure(Errc::invalid,
                       "the JSON has more than " + std::to_string(max_report_values) + " values");
    text = without_byte_order_mark(text);
    json::parse_options options;
    options.max_depth = max_report_depth;
    options.allow_invalid_utf8 = true;  // printable() deals with it
    json::monotonic_resource memory;
    json::parser parser({}, options);
    parser.reset(&memory);
    boost::system::error_code error;
    const std::size_t read = parser.write(text.data(), text.size(), error);
    if (error) return failure(Errc::invalid, json_fault(error, read));
    const json::value document = parser.release();
    return Reader(origin).read(JsonField(document));
}

}  // namespace sternpost
