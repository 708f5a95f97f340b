// What the commands `sternpost cache …` have in common.
//
// Threads: one, unless it says otherwise.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon.hpp"

namespace sternpost {

// The path of one domain, normalised; nullopt: it is not a mail domain, and a complaint was printed.
std::optional<std::string> path_of(const std::string& domain);

// Calls `take` for each domain on disk, by name. `query`: of /v1/policies, such as "full=yes".
template <class Take>
Result<void> for_each_domain(AdminClient& daemon, const std::string& query, const Take& take) {
    for (std::string after;;) {
        const auto reply = daemon.get("/v1/policies?" + query + "&after=" + after);
        if (!reply) return tl::unexpected(reply.error());
        if (!reply->good()) return failure(Errc::temporary, reply->error());
        const auto page = answer_in(*reply, "policies");
        if (!page) return tl::unexpected(page.error());
        for_each_object(*page, "policies", take);
        after = text_in(*page, "next");
        if (after.empty()) return {};
    }
}

// cache_text.cpp: for people.
std::string list_heading();
std::string list_line(const boost::json::object& domain);
std::string domain_text(const boost::json::object& report);
std::string status_text(const boost::json::object& status);

// cache_export.cpp; returns the exit status. "-" is standard output.
int export_policies(const std::string& socket, const std::string& file);
// cache_warm.cpp; with threads of its own. "-" is standard input.
int warm(const std::string& socket, const std::string& file);

}  // namespace sternpost
