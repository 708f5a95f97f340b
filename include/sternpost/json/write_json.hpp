// JSON for people and machines: indented, one member a line.
//
// Threads: any; pure.
#pragma once

#include <boost/json/value.hpp>
#include <ostream>

namespace sternpost {

void write_json(std::ostream& out, const boost::json::value& value);

}  // namespace sternpost
