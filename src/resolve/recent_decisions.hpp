// The latest decisions that changed an answer, with their reasons.
//
// Ownership: belongs to whoever decides.
// Threads:   the resolve loop. It is told when a lookup has ended, never when an answer is given.
#pragma once

#include <deque>
#include <vector>

#include "lookup_context.hpp"
#include "memory_table.hpp"
#include "sternpost/resolve/decision.hpp"

namespace sternpost {

// Why a question is answered as it is: what is known about the domain, and what was decided about it.
std::string why_so(const KnownDomain& known, const Asked& question, const Now& now, const Settings& settings);

class RecentDecisions {
public:
    // `context` outlives it.
    explicit RecentDecisions(const LookupContext& context) : context_(context) {}

    // `entry`, made from what is `known`, takes the place of `former`, which is null if there was none.
    void note(const KnownDomain& known, const TableEntry& entry, const TableEntryPtr& former);
    // The latest first.
    std::vector<Decision> all() const { return {decisions_.begin(), decisions_.end()}; }

private:
    const LookupContext& context_;
    std::deque<Decision> decisions_;
};

}  // namespace sternpost
