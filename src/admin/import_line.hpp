// One line of an import, read as something that a stranger may have written.
//
// A line is what an export gives (see export_mark), or comes from elsewhere, such as the cache of another program: it
// then has `domain`, `id`, and either `body`, the text of the policy, or `mode`, `mx` and `max_age`. `fetched` may be
// left out there, which means now.
//
// Threads: any; pure.
// Errors:  Errc::invalid with field and remedy in words.
#pragma once

#include <string_view>

#include "sternpost/resolve/cache_operations.hpp"

namespace sternpost {

struct ImportLine {
    DomainRecord record;  // with a policy
    Origin origin = Origin::elsewhere;
};

Result<ImportLine> read_import_line(std::string_view line, WallTime now);

}  // namespace sternpost
