// From what is known of a domain to the replies that Postfix gets.
//
// Threads: any; pure.
#pragma once

#include <memory>
#include <string>

#include "known_domain.hpp"
#include "memory_table.hpp"

namespace sternpost {

struct Now {
    WallTime wall;
    SteadyTime steady;
};

// The replies for `known`, and how long they may be given without another look.
std::shared_ptr<TableEntry> make_entry(KnownDomain known, const Now& now, const ResolveOptions& options);

Reply not_found();
Reply temporary(const std::string& reason);

}  // namespace sternpost
