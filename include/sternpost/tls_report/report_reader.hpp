// The TLS reports in some bytes: JSON, gzip, a mail, or an mbox; recognised by the content, whatever the name says.
//
// Threads: one.
// Errors:  those of one report are reported for it alone, printable as they are.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "sternpost/base/result.hpp"
#include "sternpost/tls_report/tls_report.hpp"

namespace sternpost {

// `place` says where in the bytes, for people: "mail 3, part 2, NAME"; empty: they are one report. An error may also
// concern a whole mail.
using TakeReport = std::function<void(const std::string& place, Result<TlsReport> report)>;

// For bytes of no kind that contains reports.
inline constexpr std::string_view no_known_kind = "no TLS report: neither JSON nor gzip, a mail or an mbox";

struct Reading {
    bool known =
        true;  // the bytes are of a kind that has reports; if not, and the name is a report's, that is an error
    std::size_t mails = 0;                 // in them
    std::size_t mails_without_report = 0;  // of these; that is no error
};

// `name` is the file's, for what the report does not say itself.
Reading read_reports(std::string_view bytes, const std::string& name, const TakeReport& take);

}  // namespace sternpost
