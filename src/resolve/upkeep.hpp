// What is done without being asked for: policies are refreshed, the cache is pruned, and what a broken cache file has
// lost is written again.
//
// Ownership: belongs to the owner of the lookups, which outlive it.
// Threads:   the resolve loop; a round begins work and waits for none of it.
// Errors:    logged, once for each trouble.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "clock_check.hpp"
#include "lookups.hpp"

namespace sternpost {

class Upkeep {
public:
    explicit Upkeep(Lookups& lookups);

    // One round, bounded. Returns whether there may be more to do at once.
    bool round();

private:
    bool refresh_what_is_due(const Now& at);
    bool put_off(const std::string& domain, WallTime now) const;
    bool prune(const Now& now);
    bool write_again_what_was_lost();
    bool write_again(const std::string& domain);
    bool write_what_is_only_here(const Now& at);
    void tell_trouble();

    Lookups& lookups_;
    PolicyStore& store_;
    const Clock& clock_;
    MemoryTable& table_;
    ClockCheck clock_check_;
    std::string trouble_;  // of this round
    unsigned losses_ = 0;  // of the store, as far as they were seen
    std::vector<std::string> to_write_again_;
};

}  // namespace sternpost
