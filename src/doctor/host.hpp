// What there is on this host, of files that main.cf names and of traces that others have left.
//
// Threads: any; blocks on the disk.
#pragma once

#include "sternpost/doctor/facts.hpp"

namespace sternpost {

// All but `validating`.
HostFacts look_at_host(const PostfixFacts& postfix);

// The name servers of a resolv.conf(5), as written there.
std::vector<std::string> read_name_servers(std::string_view text);

}  // namespace sternpost
