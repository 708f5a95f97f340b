// Keeps a failure that recurs from filling the log: it is logged at once, then once an hour with a count.
//
// A failure louder than the others of this hour, or of another kind, is also logged at once. When it works again, that
// is logged once, with the number of failures. An entry is identified by what the failure is about, never by the words
// of a remote host, which gets no further line by changing them.
//
// Ownership: whoever logs failures has one of its own; the clock outlives it.
// Threads:   one loop.
// Time:      the hour by the steady clock; the wall clock is for the words only.
// Limits:    `most` failures are remembered. Beyond that the one logged longest ago is forgotten, its count being
//            logged. A line that is logged later than its failure is cut to max_remembered_text.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sternpost/log/line.hpp"

namespace sternpost {

inline constexpr std::chrono::hours repeat_interval{1};
// A failure that persists is remembered this long after its last line, so that its end can be logged.
inline constexpr std::chrono::hours failure_memory{24};
inline constexpr std::size_t max_remembered_failures = 10'000;
inline constexpr std::size_t max_remembered_text = 500;  // of a failure not logged yet

// What fails: {{Topic::policy, domain}, "fetch"}. `what` distinguishes the failures of one subject.
struct Trouble {
    Subject subject;
    std::string_view what;
};

class Repeats {
public:
    explicit Repeats(const Clock& clock, std::size_t most = max_remembered_failures)
        : clock_(clock), most_(most) {}

    // `kind` is a number below 32 of the caller's choice, such as an Errc; `text` is what the line says.
    void failed(const Trouble& trouble, LogLevel level, unsigned kind, std::string text);
    // It works; logged if it had failed before: "`text`, after 3 failures since …".
    void mended(const Trouble& trouble, std::string_view text);
    // Logs the counts of the hours that are over. To be called now and then.
    void tell_counts();

private:
    struct Entry {
        Topic topic;
        std::string domain;
        std::string key;
        std::string text;  // of the last failure not logged yet; so are level and kind
        LogLevel level;
        unsigned kind = 0;
        unsigned long held = 0;              // failures not logged yet
        unsigned long failures = 0;          // since it last worked
        WallTime since{};                    // the first of these
        LogLevel loudest = LogLevel::debug;  // in this hour
        unsigned kinds = 0;                  // logged in this hour, one bit each
        bool end_told = false;               // in this hour
        SteadyTime told{};
        WallTime told_wall{};
    };
    enum class When { at_once, later };  // than the failure
    using Entries = std::list<Entry>;    // the one logged longest ago first

    Entries::iterator entry_of(const Trouble& trouble);
    void begin_hour(Entry& entry) const;
    void tell(Entries::iterator entry, When when);
    void forget(Entries::iterator entry);

    const Clock& clock_;
    std::size_t most_;
    Entries entries_;
    std::unordered_map<std::string, Entries::iterator> by_key_;
};

}  // namespace sternpost
