// JSON on one line of printable ASCII: nothing in it can affect a terminal, whoever wrote the texts in it.
//
// Threads: any; pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace sternpost {

// Anything that is not ASCII can only be inside a string, where it becomes a JSON escape.
std::string ascii_json(const boost::json::value& value);

}  // namespace sternpost
