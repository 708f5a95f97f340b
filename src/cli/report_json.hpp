// What lint and explain have to say, for machines, and how all JSON is written. sternpost(1) describes it; an existing
// key stays, and keeps its meaning, as long as `schema` is the same number.
//
// Threads: any; pure. Texts of remote servers are printable ASCII.
#pragma once

#include <boost/json/object.hpp>
#include <ostream>

#include "sternpost/explain/explanation.hpp"
#include "sternpost/policy/policy_review.hpp"

namespace sternpost {

inline constexpr int json_schema = 1;

boost::json::object json_of(const PolicyReview& review);
boost::json::object json_of(const Explanation& explanation);

// Indented, one member a line.
void write_json(std::ostream& out, const boost::json::value& value);

}  // namespace sternpost
