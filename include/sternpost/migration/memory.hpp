// What another resolver remembers, as lines that the daemon imports.
//
// A line is JSON of the form that AdminServer takes from elsewhere: it says domain, id, mode, mx and max_age, and the daemon
// judges each of them, for nothing in a foreign file is believed. What such a file has for a time of fetch is none:
// postfix-mta-sts-resolver renews it whenever the TXT record is the same. It is taken for the latest moment at which the
// policy can have been fetched, so that nothing outlives its owner's max_age by being imported.
//
// Threads: any.
// Errors:  Errc::invalid with the remedy, for a file that is none of that resolver; faults of one entry are told of it alone.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sternpost/base/result.hpp"
#include "sternpost/base/time.hpp"

namespace sternpost {

// Of one entry; a longer one is refused.
inline constexpr std::size_t max_entry_bytes = 400UL * 1024;

// `where` names the entry to people. A failure ends the reading, and is what comes of it.
using TakeEntry = std::function<Result<void>(std::string where, Result<std::string> line)>;

// The SQLite file of postfix-mta-sts-resolver, which may be running; nothing is written, neither to it nor beside it.
Result<void> read_mta_sts_resolver_cache(const std::string& file, WallTime now, const TakeEntry& take);

// A dump of postfix-tlspol does not say how long a policy is good for, nor its id. It counts for a day with an id that no
// record has, so that the first look at the domain gets the policy itself.
inline constexpr std::chrono::hours tlspol_max_age{24};
inline constexpr std::string_view tlspol_id = "importedWithoutItsId";

// One line of what "postfix-tlspol -dump" or "-export" prints; nullopt: it says nothing about MTA-STS.
Result<std::optional<std::string>> import_line_of_tlspol(std::string_view line);

}  // namespace sternpost
