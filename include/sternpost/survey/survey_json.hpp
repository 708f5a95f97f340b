// A survey for machines; sternpost(1) describes it.
//
// Threads: any; pure. All texts are printable ASCII.
#pragma once

#include <boost/json/object.hpp>

#include "sternpost/survey/survey.hpp"

namespace sternpost {

boost::json::object json_of(const Remark& finding);
boost::json::object json_of(const Survey& survey);

}  // namespace sternpost
