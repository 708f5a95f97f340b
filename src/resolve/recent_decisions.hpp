// The last decisions that made an answer another one, with their reasons.
//
// Ownership: belongs to whoever decides.
// Threads:   the resolve loop. It is told when a lookup has ended, never when an answer is given.
#pragma once

#include <deque>
#include <vector>

#include "memory_table.hpp"
#include "sternpost/resolve/decision.hpp"

namespace sternpost {

// Why a question is answered as it is: what is known of the domain, and what was decided about it.
std::string why_so(const KnownDomain& known, const Asked& question, const Now& now, const Settings& settings);

class RecentDecisions {
public:
    // `entry` takes the place of `former`, which is null where there was none.
    void note(const TableEntry& entry, const TableEntryPtr& former, const Now& now, const Settings& settings);
    // The latest first.
    std::vector<Decision> all() const { return {decisions_.begin(), decisions_.end()}; }

private:
    std::deque<Decision> decisions_;
};

}  // namespace sternpost
