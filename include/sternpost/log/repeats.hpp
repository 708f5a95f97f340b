// Keeps a failure that comes again and again from filling the log: told at once, then once an hour with a count.
//
// Told at once are also a failure that is louder than those of this hour, and one of another kind. When it works
// again, that is told once, with the number of failures. Entries go by what the failure is about, never by the words of
// a remote host: changing words get it no further line.
//
// Ownership: whoever tells failures has one of its own; the clock outlives it.
// Threads:   one loop.
// Time:      the hour by the steady clock; the wall clock is for the words only.
// Limits:    `most` failures are remembered. Beyond it the one told longest ago is forgotten, its count being told.
//            A line that is told later than its failure is cut to max_remembered_text.
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
// What is not mended is remembered so long after its last line, to tell its end.
inline constexpr std::chrono::hours failure_memory{24};
inline constexpr std::size_t max_remembered_failures = 10'000;
inline constexpr std::size_t max_remembered_text = 500;  // of a failure that no line has told yet

// What fails: {{Topic::policy, domain}, "fetch"}. `what` tells apart the failures of one subject.
struct Trouble {
    Subject subject;
    std::string_view what;
};

class Repeats {
public:
    explicit Repeats(const Clock& clock, std::size_t most = max_remembered_failures)
        : clock_(clock), most_(most) {}

    // `kind` is a number of the caller's below 32, such as an Errc; `text` is what the line says.
    void failed(const Trouble& trouble, LogLevel level, unsigned kind, std::string text);
    // It works; said when it has failed before: "`text`, after 3 failures since …".
    void mended(const Trouble& trouble, std::string_view text);
    // Tells the counts of the hours that are over. To be called now and then.
    void tell_counts();

private:
    struct Entry {
        Topic topic;
        std::string domain;
        std::string key;
        std::string text;  // of the last failure that no line has told, and its level and kind
        LogLevel level;
        unsigned kind = 0;
        unsigned long held = 0;              // failures that no line has told
        unsigned long failures = 0;          // since it worked last
        WallTime since{};                    // the first of these
        LogLevel loudest = LogLevel::debug;  // in this hour
        unsigned kinds = 0;                  // told in this hour, a bit each
        bool end_told = false;               // in this hour
        SteadyTime told{};
        WallTime told_wall{};
    };
    enum class When { at_once, later };  // than the failure
    using Entries = std::list<Entry>;    // the one told longest ago first

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
