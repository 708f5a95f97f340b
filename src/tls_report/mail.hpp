// A mail that TLS reports come in (RFC 8460 section 5.3, and what senders make of it): its attachments that may be reports.
//
// GMime reads it, but only after a look at what could make that slow or large: each mail has bounds, and lists of
// addresses, for which GMime takes quadratic time and a stack frame per group, are hidden from it.
//
// Threads: one.
// Errors:  Errc::invalid with the reason, printable.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sternpost/base/result.hpp"
#include "sternpost/tls_report/tls_report.hpp"

namespace sternpost {

inline constexpr std::size_t max_mail_bytes = 32UL * 1024 * 1024;  // a report of the greatest size, in base64
inline constexpr std::size_t max_mime_parts = 1000;                // lines that may begin one
inline constexpr std::size_t max_mail_fields = 20'000;             // lines that look like one
inline constexpr std::size_t max_content_field_bytes =
    256UL * 1024;  // of all fields "Content-..." and the like

struct Attachment {
    std::string place;  // for people, printable: "part 2, NAME"; empty: all of the mail
    ReportOrigin origin;
    std::string bytes;  // decoded
    // By its type or name. Else it may be anything else in a mail that announces one: a signature, say.
    bool is_said_to_be_one = false;
};

struct Mail {
    std::vector<Attachment> reports;  // what looks like one
    bool announced = false;           // the mail says that it brings one
};

Result<Mail> read_mail(std::string text);

// The mails of an mbox, without their "From " lines. `bytes` begins with one.
std::vector<std::string_view> mails_of_mbox(std::string_view bytes);
bool is_mbox(std::string_view bytes);
// Whether it begins with a header field.
bool is_mail(std::string_view bytes);

}  // namespace sternpost
