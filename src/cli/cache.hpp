// What the commands `sternpost cache …` have in common.
//
// Threads: one, unless it says otherwise.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin_client.hpp"
#include "command.hpp"

namespace sternpost {

inline constexpr int exit_not_all = 1;
inline constexpr int exit_not_permitted = 77;
// Of a text that the daemon gives, such as an answer to Postfix.
inline constexpr std::size_t max_text = 100'000;

// The daemon's admin socket; empty: there is none, which was complained about.
std::string socket_of(CommandLine& line);

// Complains, and gives the exit status for it.
int exit_status_of(const Error& error);
int exit_status_of(const AdminReply& reply);

// A text within `object`, printable; empty: there is none.
std::string text_in(const boost::json::object& object, std::string_view key);
std::int64_t number_in(const boost::json::object& object, std::string_view key);
bool is_true(const boost::json::object& object, std::string_view key);
// Null: there is none.
const boost::json::object* object_in(const boost::json::object& object, std::string_view key);

// The path of one domain, normalised; nullopt: it is none of mail, which was complained about.
std::optional<std::string> path_of(const std::string& domain);

// Calls `take` for each domain on disk, by name. `query`: of /v1/policies, such as "full=yes".
template <class Take>
Result<void> for_each_domain(AdminClient& daemon, const std::string& query, const Take& take) {
    for (std::string after;;) {
        const auto reply = daemon.get("/v1/policies?" + query + "&after=" + after);
        if (!reply) return tl::unexpected(reply.error());
        if (!reply->good()) return failure(Errc::temporary, reply->error());
        const boost::json::object page = reply->object();
        if (const boost::json::value* policies = page.if_contains("policies");
            policies && policies->is_array())
            for (const boost::json::value& policy : policies->get_array())
                if (policy.is_object()) take(policy.get_object());
        after = text_in(page, "next");
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
