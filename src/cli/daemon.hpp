// What the commands that ask the running daemon have in common.
//
// Threads: one.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "admin_client.hpp"
#include "command.hpp"

namespace sternpost {

inline constexpr int exit_not_all = 1;
inline constexpr int exit_not_permitted = 77;
// For a text that the daemon gives, such as an answer to Postfix.
inline constexpr std::size_t max_text = 100'000;

// The daemon's admin socket; empty: there is none, and a complaint was printed.
std::string socket_of(CommandLine& line);
std::string socket_of(const Config& config, CommandLine& line);

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

}  // namespace sternpost
