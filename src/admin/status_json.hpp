// The figures as JSON, for people and their programs.
//
// Threads: any; pure.
#pragma once

#include <boost/json/value.hpp>

#include "metrics.hpp"

namespace sternpost {

// Of one of these servers: whether it validates, or why nobody can say.
std::string_view words_for(const DnsFigures& dns, const DnsServerState& server);

boost::json::object status_json(const AllFigures& figures, WallTime now, bool answering);

}  // namespace sternpost
