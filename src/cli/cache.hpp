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
// For a text that the daemon gives, such as an answer to Postfix.
inline constexpr std::size_t max_text = 100'000;

// The daemon's admin socket; empty: there is none, and a complaint was printed.
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

// Calls `take` for each object in the array `key`.
template <class Take>
void for_each_object(const boost::json::object& object, std::string_view key, const Take& take) {
    const boost::json::value* all = object.if_contains(key);
    if (all == nullptr || !all->is_array()) return;
    for (const boost::json::value& each : all->get_array())
        if (each.is_object()) take(each.get_object());
}

// What a good reply says; a failure if it lacks `key`, which sternpostd's answers have: it is then not one of them.
Result<boost::json::object> answer_in(const AdminReply& reply, std::string_view key);

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
