// What another resolver remembers, as lines that the daemon imports.
//
// A line is JSON in the form that AdminServer accepts from elsewhere: it has domain, id, mode, mx and max_age, and the
// daemon checks each of them, since nothing in a foreign file is believed. The fetch time in such a file is not really
// one: postfix-mta-sts-resolver renews it whenever the TXT record is unchanged. It is taken as the latest moment at which
// the policy can have been fetched, and the daemon fetches what it has imported again at once.
//
// Threads: any.
// Errors:  Errc::invalid with the remedy, for a file that is not that resolver's; faults of one entry concern it alone.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sternpost/base/result.hpp"
#include "sternpost/base/time.hpp"

namespace sternpost {

// Of one entry; a longer one is refused.
inline constexpr std::size_t max_foreign_entry_bytes = 400UL * 1024;

// `where` names the entry for people. A failure ends the reading, and is its result.
using TakeEntry = std::function<Result<void>(std::string where, Result<std::string> line)>;

// The SQLite file of postfix-mta-sts-resolver, which may be running; nothing is written, neither to it nor beside it.
Result<void> read_mta_sts_resolver_cache(const std::string& file, WallTime now, const TakeEntry& take);

// A dump of postfix-tlspol gives neither the lifetime of a policy nor its id. The policy counts for a day, with an id that
// no record has, so that the first look at the domain fetches the policy itself.
inline constexpr std::chrono::hours tlspol_max_age{24};
inline constexpr std::string_view tlspol_id = "importedWithoutItsId";

// One line of what "postfix-tlspol -dump" or "-export" prints; nullopt: it says nothing about MTA-STS.
Result<std::optional<std::string>> import_line_of_tlspol(std::string_view line);

}  // namespace sternpost
