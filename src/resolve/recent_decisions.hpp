// The last decisions that made an answer another one, with their reasons.
//
// Ownership: belongs to whoever decides.
// Threads:   the resolve loop. It is told when a lookup has ended, never when an answer is given.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "demand.hpp"
#include "sternpost/resolve/decision.hpp"

namespace sternpost {

// Why a question is answered as it is: what is known of the domain, and what was decided about it.
std::string why_so(const KnownDomain& known, const Asked& question, const Now& now, const Settings& settings);

class RecentDecisions {
public:
    // The answer to `question` is another one than before, if there was one; `reply`: with its netstring.
    void note(const KnownDomain& known, const Asked& question, const std::string& reply, const Now& now,
              const Settings& settings);
    // The latest first.
    std::vector<Decision> all() const { return {decisions_.begin(), decisions_.end()}; }

private:
    std::deque<Decision> decisions_;
};

}  // namespace sternpost
