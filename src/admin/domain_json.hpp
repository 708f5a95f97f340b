// What is known about a domain, as JSON; times are ISO 8601 (UTC), durations seconds.
//
// The text of a policy is given as received (it is UTF-8, or it would not be a policy), all other texts printable.
//
// Threads: any; pure.
#pragma once

#include <boost/json/value.hpp>

#include "sternpost/resolve/cache_operations.hpp"
#include "sternpost/store/policy_store.hpp"

namespace sternpost {

// Marks a line that can be imported; another number is another form.
inline constexpr std::string_view export_mark = "sternpost_export";
inline constexpr int export_form = 1;

enum class PolicyText { left_out, given };

boost::json::object to_json(const DomainRecord& record, PolicyText text);
boost::json::object to_json(const DomainReport& report);

}  // namespace sternpost
