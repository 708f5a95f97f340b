// A line of the log as a value: what it is about, and how loud it is.
//
// Threads: any; values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sternpost/base/time.hpp"

namespace sternpost {

enum class LogLevel { error, warning, info, debug };  // the loudest first

// What machines index lines by; its names are part of the JSON format.
enum class Topic {
    daemon,     // the process itself: start, reload, end
    socketmap,  // Postfix's connections
    policy,     // MTA-STS: record, policy file, what is kept
    dane,
    dns,
    https,
    tls,
    cache,   // the file
    fleet,   // what relays tell each other
    upkeep,  // what is done without being asked for
    admin,   // what operators ask for
    watch,   // the operator's own domains
};

// `domain`: the policy domain, if the line is about one.
struct Subject {
    Subject(Topic what, std::string_view whose = {}) : topic(what), domain(whose) {}
    Topic topic;
    std::string_view domain;
};

// Views: valid only while it is being written.
struct Line {
    LogLevel level;
    Subject subject;
    std::string_view text;          // may quote remote text: whoever writes it makes it printable()
    unsigned long count = 1;        // how many failures it stands for
    std::optional<WallTime> since;  // if it stands for several, or for the end of some
};

std::string_view to_string(LogLevel level);
std::string_view to_string(Topic topic);
// As people read it: "policy example.com: …", "dns: …"; a line about the daemon is the text alone.
std::string text_of(const Line& line);

}  // namespace sternpost
