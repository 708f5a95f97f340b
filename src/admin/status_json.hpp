// The figures as JSON, for people and their programs.
//
// Threads: any; pure.
#pragma once

#include <boost/json/value.hpp>

#include "metrics.hpp"

namespace sternpost {

std::string_view words_for(Validation validation);

boost::json::object status_json(const AllFigures& figures, WallTime now, bool answering);

}  // namespace sternpost
