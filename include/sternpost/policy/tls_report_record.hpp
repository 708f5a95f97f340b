// The `_smtp._tls` TXT record (RFC 8460 section 3): where the owner of a domain wants to hear how TLS went.
//
// Threads: any; pure.
// Errors:  Errc::invalid with a reason that a person understands, printable as it is.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sternpost/base/result.hpp"

namespace sternpost {

struct TlsReportRecord {
    std::vector<std::string> rua;  // URIs, "mailto:" or "https:", in upper or lower case
};

// `texts`: the TXT records at `_smtp._tls.D`, the strings of each already joined. nullopt: none asks for reports.
// An error: there is one that cannot be used, or several.
Result<std::optional<TlsReportRecord>> read_tls_report_record(std::span<const std::string> texts);

}  // namespace sternpost
