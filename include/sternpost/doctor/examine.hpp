// What is wrong with a Postfix that is to ask sternpostd, found by rules: each looks at the facts and finds nothing, or
// says what is wrong, why it matters, and which command fixes it.
//
// Threads: any; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sternpost/doctor/facts.hpp"

namespace sternpost {

// The order is that of the exit statuses.
enum class Severity {
    information,  // worth knowing; nothing needs to be done
    advice,       // works, but not as well or as safely as it could
    broken,       // mail is deferred, or policies are not asked for or not enforced
};

struct Finding {
    std::string_view rule;     // short and stable
    std::string_view subject;  // of the rule
    Severity severity = Severity::information;
    std::string what;
    std::string why;
    std::vector<std::string> remedy;  // shell commands, or "# " and what to do if no command does it
};

// A rule that found nothing to say.
struct Passed {
    std::string_view rule;
    std::string_view subject;
    std::string_view what;
};

struct Examination {
    std::vector<Finding> findings;  // by severity, broken first; printable
    std::vector<Passed> passed;
};

Examination examine(const Facts& facts);

}  // namespace sternpost
