// What lint and explain have to say, as JSON.
//
// Threads: any; pure. Texts of remote servers are printable ASCII.
#pragma once

#include <boost/json/object.hpp>

#include "sternpost/explain/explanation.hpp"
#include "sternpost/policy/policy_review.hpp"

namespace sternpost {

boost::json::object json_of(const PolicyReview& review);
boost::json::object json_of(const Explanation& explanation);

}  // namespace sternpost
