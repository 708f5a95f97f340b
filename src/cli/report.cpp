#include <CLI/Option.hpp>
#include <chrono>
#include <iostream>
#include <memory>

#include "command.hpp"
#include "progress_bar.hpp"
#include "report_findings.hpp"
#include "sternpost/base/printable.hpp"
#include "sternpost/json/write_json.hpp"
#include "sternpost/policy/host_name.hpp"
#include "sternpost/tls_report/date.hpp"
#include "sternpost/tls_report/report_files.hpp"
#include "sternpost/tls_report/report_reader.hpp"

namespace sternpost {

namespace {

constexpr int exit_not_all = 1;
constexpr std::size_t max_place = 600;  // of a path and the place in the file

struct Arguments {
    std::vector<std::string> names;
    std::string since;
    std::string until;
    std::vector<std::string> domains;
    bool json = false;
};

Result<std::optional<Day>> day_of(const std::string& option, const std::string& text) {
    if (text.empty()) return std::optional<Day>();
    if (const auto day = read_date(text)) return day;
    return failure(Errc::invalid, option + ": " + quote(text) + " is no day such as 2026-11-26");
}

Result<SummaryFilter> filter_of(const Arguments& arguments) {
    SummaryFilter filter;
    const auto since = day_of("--since", arguments.since);
    if (!since) return tl::unexpected(since.error());
    const auto until = day_of("--until", arguments.until);
    if (!until) return tl::unexpected(until.error());
    filter.since = *since;
    filter.until = *until;
    if (*since && *until && **since > **until) return failure(Errc::invalid, "--since is after --until");
    for (const std::string& domain : arguments.domains) {
        const auto name = normalise_host_name(domain);
        if (!name) return failure(Errc::invalid, "--domain: " + quote(domain) + " is no domain");
        filter.domains.insert(*name);
    }
    return filter;
}

// Reads one file after the other, and says what is wrong with them as it goes.
class Run {
public:
    explicit Run(SummaryFilter filter) : findings_(std::move(filter)) {}

    ReportFindings over(const std::vector<std::string>& names) {
        const FoundFiles found = find_report_files(names);
        for (const auto& problem : found.problems) tell(problem.path, problem.why);
        for (std::size_t i = 0; i < found.files.size(); ++i) {
            if (found.files.size() > 1) bar_.show(i, found.files.size());
            read(found.files[i]);
        }
        bar_.clear();
        return std::move(findings_);
    }

private:
    void read(const ReportFile& file) {
        const std::string name = file.path == "-" ? "standard input" : file.path;
        const auto bytes = read_report_file(file);
        if (!bytes) return tell(name, bytes.error().detail);
        const Reading reading =
            read_reports(*bytes, file.path, [&](const std::string& place, const Result<TlsReport>& report) {
                count(name + (place.empty() ? "" : ": " + place), report);
            });
        findings_.mails_without_report += reading.mails_without_report;
        if (reading.known) return;
        if (file.named) return tell(name, no_known_kind);
        ++findings_.other_files;
    }

    void count(const std::string& where, const Result<TlsReport>& report) {
        if (!report) return tell(where, report.error().detail);
        switch (findings_.summary.add(*report)) {
            case ReportSummary::Taken::counted:
                break;
            case ReportSummary::Taken::duplicate:
                ++findings_.duplicates;
                break;
            case ReportSummary::Taken::filtered_out:
                ++findings_.filtered_out;
                break;
            case ReportSummary::Taken::no_room:
                tell(where,
                     "not counted, for what was counted is too much already: use --since, --until or "
                     "--domain");
        }
    }

    void tell(const std::string& where, std::string_view why) {
        ++findings_.broken;
        const std::string shown = printable(where, max_place);
        bar_.clear();
        std::cerr << "sternpost: " << shown << ": " << printable(why) << "\n";
        if (findings_.problems.size() < max_problems_kept)
            findings_.problems.push_back({shown, printable(why)});
    }

    ReportFindings findings_;
    ProgressBar bar_;
};

int report(const Arguments& arguments) {
    auto filter = filter_of(arguments);
    if (!filter) {
        complain(filter.error().detail);
        return exit_usage;
    }
    Day today = std::chrono::floor<std::chrono::days>(SystemClock().wall());
    if (filter->until && *filter->until < today) today = *filter->until;
    const ReportFindings findings = Run(std::move(*filter)).over(arguments.names);
    if (arguments.json)
        write_json(std::cout, json_of(findings, today));
    else
        std::cout << text_of(findings, today, Terminal::of_standard_output());
    if (findings.summary.counted() + findings.filtered_out == 0) {
        if (findings.broken == 0) complain("no TLS report is there");
        return exit_no_input;
    }
    return findings.broken == 0 ? exit_good : exit_not_all;
}

}  // namespace

void add_report(CLI::App& program, CommandLine& line) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command =
        program.add_subcommand("report", "Sum up TLS reports, and say whether a domain may go to enforce");
    command
        ->add_option("FILE", arguments->names,
                     "Reports, mails, mboxes, or directories of them; - is standard input")
        ->required();
    command->add_option("--since", arguments->since, "Only reports that begin on this day or later")
        ->type_name("DAY");
    command->add_option("--until", arguments->until, "Only reports that begin on this day or before")
        ->type_name("DAY");
    command->add_option("--domain", arguments->domains, "Only what is about this domain; may be repeated")
        ->type_name("DOMAIN")
        ->allow_extra_args(false);
    command->add_flag("--json", arguments->json, "For machines");
    command->callback([arguments, &line] { line.status = report(*arguments); });
}

}  // namespace sternpost
