// What is done without being asked for: policies are refreshed, the cache is pruned, and what a broken cache file has
// lost is written again.
//
// Ownership: belongs to whoever makes the lookups; store, clock and table outlive it.
// Threads:   the resolve loop; a round begins work and waits for none of it.
// Errors:    told in the log, once for each trouble.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "clock_check.hpp"
#include "memory_table.hpp"
#include "sternpost/store/policy_store.hpp"

namespace sternpost {

// What upkeep needs of the lookups that are under way.
struct Lookups {
    std::function<std::size_t()> refreshes;                 // how many of them are refreshes
    std::function<bool(const std::string&)> under_way;      // about this domain
    std::function<bool(const std::string&)> begin_refresh;  // false: there are too many
    std::function<void(DomainRecord)> write;                // to disk, behind everything
};

class Upkeep {
public:
    Upkeep(PolicyStore& store, const Clock& clock, MemoryTable& table, Lookups lookups);

    // One round, bounded. Whether there may be more to do at once.
    bool round();

private:
    bool refresh_what_is_due(WallTime now);
    bool prune(const Now& now);
    bool write_again_what_was_lost();
    bool write_again(const std::string& domain);
    void tell_trouble();

    PolicyStore& store_;
    const Clock& clock_;
    MemoryTable& table_;
    Lookups lookups_;
    ClockCheck clock_check_;
    std::string trouble_;       // of this round
    std::string trouble_told_;  // of the last one
    unsigned losses_ = 0;       // of the store, as far as they were seen
    std::vector<std::string> to_write_again_;
};

}  // namespace sternpost
