// A file with TLS reports as it comes: JSON, gzip, a mail, an mbox.
#include "sternpost/tls_report/report_reader.hpp"
#include "tests/fuzz/invariant.hpp"
#include "tests/fuzz/targets.hpp"

namespace sternpost::fuzz {

void report_mail(std::string_view input) {
    const Reading reading =
        read_reports(input, "file", [](const std::string& place, const Result<TlsReport>& report) {
            must(is_printable(place), "a place is printable");
            must(report || is_printable(report.error().detail), "a fault is printable");
        });
    must(reading.mails_without_report <= reading.mails, "a mail has a report or none");
    must(reading.known || reading.mails == 0, "a mail is known as one");
}

}  // namespace sternpost::fuzz
