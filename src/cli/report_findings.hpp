// What `sternpost report` has found, and how it is presented: as text for people, as JSON for machines.
//
// Threads: any; pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "sternpost/tls_report/enforce_verdict.hpp"
#include "sternpost/tls_report/report_summary.hpp"
#include "terminal.hpp"

namespace sternpost {

// How many problems, the first ones, are in the JSON; all are printed on standard error.
inline constexpr std::size_t max_problems_kept = 1000;
// How many rows of each table the text shows; the JSON has all.
inline constexpr std::size_t max_rows_shown = 30;

struct ReportFindings {
    struct Problem {
        std::string where;
        std::string why;
    };
    explicit ReportFindings(SummaryFilter filter) : summary(std::move(filter)) {}

    ReportSummary summary;
    std::size_t duplicates = 0;
    std::size_t filtered_out = 0;
    std::size_t broken = 0;  // files, mails and reports that could not be read or counted
    std::size_t mails_without_report = 0;
    std::size_t other_files = 0;
    std::vector<Problem> problems;
};

std::string text_of(const ReportFindings& findings, Day today, const Terminal& terminal);
boost::json::object json_of(const ReportFindings& findings, Day today);

}  // namespace sternpost
