#include <algorithm>
#include <array>
#include <span>

#include "policy_text.hpp"
#include "report_findings.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/tls_report/date.hpp"
#include "sternpost/tls_report/result_type.hpp"

namespace sternpost {

namespace {

constexpr std::string_view inner = "     ";
constexpr std::chrono::days longest_by_day{31};  // anything longer is shown by weeks
constexpr std::size_t widest_sender = 30;
constexpr std::size_t widest_policy = 24;
constexpr std::size_t widest_mx = 60;
constexpr std::size_t widest_reason = 100;

std::string counted(std::size_t number, const std::string& one, const std::string& many) {
    return std::to_string(number) + " " + (number == 1 ? one : many);
}

std::string span(Day first, Day last) {
    return first == last ? to_date(first) : to_date(first) + " to " + to_date(last);
}

std::string name_of_policy(const SessionKey& key) {
    return key.policy_type + (key.mode ? ", " + std::string(to_string(*key.mode)) : "");
}

Day monday_of(Day day) {
    return day - (std::chrono::weekday(day) - std::chrono::Monday);
}

Mood mood_of(Stage stage) {
    switch (stage) {
        case Stage::may_enforce:
        case Stage::enforced:
            return Mood::good;
        case Stage::not_yet:
            return Mood::warning;
        case Stage::failing:
            return Mood::bad;
        case Stage::no_policy:
        case Stage::retiring:
            break;
    }
    return Mood::note;
}

// Cells in columns; the last one is not padded.
class Table {
public:
    using Row = std::array<std::string, 5>;

    void add(Row row) { rows_.push_back(std::move(row)); }

    std::string text() const {
        std::string text;
        for (const Row& row : rows_) {
            text += inner;
            for (std::size_t column = 0; column < row.size(); ++column) text += cell(row, column);
            text.erase(text.find_last_not_of(' ') + 1);
            text += "\n";
        }
        return text;
    }

private:
    std::string cell(const Row& row, std::size_t column) const {
        std::size_t width = 0;
        for (const Row& other : rows_) width = std::max(width, other[column].size());
        const std::string blanks(width - row[column].size(), ' ');
        const bool number = column == 2 || column == 3;
        return (number ? blanks + row[column] : row[column] + blanks) + "  ";
    }

    std::vector<Row> rows_;
};

// The failures of one kind taken together.
struct Kind {
    std::uint64_t sessions = 0;
    std::vector<const std::pair<const FailureKey, FailureCount>*> rows;
};

// Writes what was found, domain by domain.
class Writer {
public:
    explicit Writer(const Terminal& terminal) : terminal_(terminal) {}

    std::string write(const ReportFindings& findings, Day today) {
        head(findings);
        for (const auto& [name, domain] : findings.summary.domains()) {
            out_ += "\n" + terminal_.bold(name.empty() ? "(no domain told)" : name) + "\n";
            sessions(domain);
            failures(domain);
            over_time(domain);
            verdict(name, judge(domain, today));
        }
        return std::move(out_);
    }

private:
    void head(const ReportFindings& found) {
        const ReportSummary& summary = found.summary;
        out_ = counted(summary.counted(), "report", "reports");
        if (summary.counted() > 0)
            out_ += " of " + counted(summary.senders().size(), "sender", "senders") + ", " +
                    span(summary.first(), summary.last());
        out_ += "\n";
        beside(found.duplicates, "more is there twice, and counted once",
               "more are there twice, and counted once");
        beside(found.filtered_out, "more was not asked for", "more were not asked for");
        beside(found.broken, "could not be read, see standard error",
               "could not be read, see standard error");
        beside(found.mails_without_report, "mail has no TLS report", "mails have no TLS report");
        beside(found.other_files, "other file was passed over", "other files were passed over");
    }

    void beside(std::size_t number, const std::string& one, const std::string& many) {
        if (number > 0) out_ += std::string(inner) + counted(number, one, many) + "\n";
    }

    void title(std::string_view words) { out_ += terminal_.bold(words) + "\n"; }

    void left_out(std::size_t all) {
        if (all > max_rows_shown)
            out_ +=
                std::string(inner) + "and " + std::to_string(all - max_rows_shown) + " more, see --json\n";
    }

    void sessions(const DomainSummary& domain) {
        title("Sessions");
        std::vector<const std::pair<const SessionKey, Sessions>*> rows;
        for (const auto& row : domain.sessions) rows.push_back(&row);
        std::ranges::stable_sort(rows, std::ranges::greater(),
                                 [](const auto* row) { return row->second.all(); });
        Table table;
        table.add({"SENDER", "POLICY", "GOOD", "FAILED", "MX HOSTS"});
        for (const auto* row : std::span(rows).first(std::min(rows.size(), max_rows_shown))) {
            const auto& [key, count] = *row;
            table.add({printable(key.sender, widest_sender), printable(name_of_policy(key), widest_policy),
                       std::to_string(count.good), std::to_string(count.failed),
                       key.mx.empty() ? "not told" : printable(key.mx, widest_mx)});
        }
        out_ += table.text();
        left_out(rows.size());
    }

    void failures(const DomainSummary& domain) {
        if (domain.failures.empty()) return;
        title("Failures");
        std::map<std::string, Kind> kinds;
        for (const auto& row : domain.failures) {
            Kind& kind = kinds[row.first.result_type];
            kind.rows.push_back(&row);
            kind.sessions += row.second.sessions;
        }
        for (auto& [name, kind] : kinds) failures_of(name, kind);
    }

    void failures_of(const std::string& name, Kind& kind) {
        const ResultType& type = result_type(name);
        out_ += marked(terminal_, Mood::bad, "", name + ": " + counted(kind.sessions, "session", "sessions"));
        out_ += std::string(inner) + std::string(type.meaning) + "\n";
        out_ += std::string(inner) + std::string(type.remedy) + "\n";
        std::ranges::stable_sort(kind.rows, std::ranges::greater(),
                                 [](const auto* row) { return row->second.sessions; });
        for (const auto* row : std::span(kind.rows).first(std::min(kind.rows.size(), max_rows_shown)))
            out_ += std::string(inner) + line_of(row->first, row->second) + "\n";
        left_out(kind.rows.size());
    }

    static std::string line_of(const FailureKey& key, const FailureCount& count) {
        std::string line = "  " + std::to_string(count.sessions);
        if (!key.mx_host.empty()) line += " at " + printable(key.mx_host);
        if (!key.receiving_ip.empty()) line += " [" + printable(key.receiving_ip) + "]";
        line += ", by " + printable(key.sender, widest_sender) + ", " + span(count.first, count.last);
        return key.reason.empty() ? line : line + ": " + printable(key.reason, widest_reason);
    }

    void over_time(const DomainSummary& domain) {
        title("Over time");
        const bool by_day = domain.days.rbegin()->first - domain.days.begin()->first < longest_by_day;
        std::map<Day, Sessions> periods;
        for (const auto& [day, sessions] : domain.days) periods[by_day ? day : monday_of(day)] += sessions;
        Table table;
        table.add({by_day ? "DAY" : "WEEK OF", "", "GOOD", "FAILED", ""});
        auto at = periods.begin();
        if (periods.size() > max_rows_shown + 1)
            std::advance(at, static_cast<std::ptrdiff_t>(periods.size() - max_rows_shown));
        for (; at != periods.end(); ++at)
            table.add({to_date(at->first), "", std::to_string(at->second.good),
                       std::to_string(at->second.failed),
                       at->second.failed == 0 ? "" : percent(at->second.failed_share())});
        out_ += table.text();
        if (periods.size() > max_rows_shown + 1) left_out(periods.size());
    }

    void verdict(const std::string& name, const EnforceVerdict& verdict) {
        title("May it be enforced?");
        for (const Criterion& criterion : verdict.criteria)
            out_ += marked(terminal_, criterion.met ? Mood::good : Mood::bad, "", criterion.words);
        out_ +=
            marked(terminal_, mood_of(verdict.stage), "",
                   terminal_.bold((name.empty() ? "(no domain told)" : name) + ": " + verdict.conclusion));
        for (const std::string& advice : verdict.advice) out_ += marked(terminal_, Mood::note, "", advice);
    }

    const Terminal& terminal_;
    std::string out_;
};

}  // namespace

std::string text_of(const ReportFindings& findings, Day today, const Terminal& terminal) {
    return Writer(terminal).write(findings, today);
}

}  // namespace sternpost
