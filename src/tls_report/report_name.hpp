// The name of a report's file (RFC 8460 section 5.1): who sent it, about which domain, and for which time.
//
// Threads: any; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sternpost/base/time.hpp"

namespace sternpost {

struct ReportName {
    std::string sender;
    std::string domain;
    WallTime start{};
    WallTime end{};
};

// "mail.sender.example!example.com!1470013207!1470186007!001.json.gz", after any directory; nullopt: it is another name.
std::optional<ReportName> read_report_name(std::string_view file_name);

// Whether the name ends as that of a report must.
bool is_named_like_a_report(std::string_view file_name);

}  // namespace sternpost
