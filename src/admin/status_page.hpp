// The state of the daemon and what it did lately, as one page of HTML for people: no script, nothing from elsewhere.
//
// Domains are named only if StatusFacts::named is given: where mail goes is nobody else's business.
//
// Threads: any; pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "history.hpp"
#include "metrics.hpp"
#include "sternpost/resolve/decision.hpp"

namespace sternpost {

struct StatusFacts {
    // What gives domains by name.
    struct Named {
        std::vector<DomainRecord> failing;  // the next to expire first, as below
        std::vector<DomainRecord> ending;
        std::vector<Decision> decisions;  // the latest first
    };

    const AllFigures& figures;
    WallTime now{};
    bool answering = false;
    std::vector<AnswerCounts> minutes;  // the oldest first
    std::optional<Named> named;         // nullopt: no names for who asks
    DnsCounts dns_lately;
};

std::string status_page(const StatusFacts& facts);

// What is wrong, worst first, each a sentence of HTML.
std::vector<std::string> troubles_of(const StatusFacts& facts);

}  // namespace sternpost
