#include "sternpost/log/repeats.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sternpost/base/printable.hpp"
#include "sternpost/log/log.hpp"

namespace sternpost {

namespace {

std::string key_of(const Trouble& trouble) {
    std::string key(to_string(trouble.subject.topic));
    return key.append(" ").append(trouble.what).append(" ").append(trouble.subject.domain);
}

std::string failures_since(unsigned long count, WallTime since) {
    return fmt::format("{} failure{} since {}", count, count == 1 ? "" : "s", to_iso8601(since));
}

constexpr unsigned bit(unsigned kind) {
    return 1U << (kind % 32U);
}

}  // namespace

void Repeats::failed(const Trouble& trouble, LogLevel level, unsigned kind, std::string text) {
    const auto entry = entry_of(trouble);
    if (entry->failures++ == 0) entry->since = clock_.wall();
    ++entry->held;
    entry->text = std::move(text);
    entry->level = level;
    entry->kind = kind;
    if (clock_.steady() >= entry->told + repeat_interval) begin_hour(*entry);
    if (level < entry->loudest || (entry->kinds & bit(kind)) == 0)
        tell(entry, When::at_once);
    else
        entry->text = printable(entry->text, max_remembered_text);
}

void Repeats::mended(const Trouble& trouble, std::string_view text) {
    const auto found = by_key_.find(key_of(trouble));
    if (found == by_key_.end() || found->second->failures == 0) return;
    Entry& entry = *found->second;
    const unsigned long failures = std::exchange(entry.failures, 0UL);
    // What comes and goes all the time is logged when the hour is over.
    if (std::exchange(entry.end_told, true)) return;
    entry.held = 0;
    const std::string line = fmt::format("{}, after {}", text, failures_since(failures, entry.since));
    write_line(Line{std::max(entry.loudest, LogLevel::info), trouble.subject, line, failures, entry.since});
}

void Repeats::tell_counts() {
    const SteadyTime now = clock_.steady();
    for (auto next = entries_.begin(); next != entries_.end() && now >= next->told + repeat_interval;) {
        const auto entry = next++;
        if (entry->held > 0) {
            begin_hour(*entry);
            tell(entry, When::later);
        } else if (entry->failures == 0 || now >= entry->told + failure_memory) {
            forget(entry);
        }
    }
}

Repeats::Entries::iterator Repeats::entry_of(const Trouble& trouble) {
    std::string key = key_of(trouble);
    if (const auto found = by_key_.find(key); found != by_key_.end()) return found->second;
    if (entries_.size() >= most_) {
        const auto oldest = entries_.begin();
        if (oldest->held > 0) tell(oldest, When::later);
        forget(oldest);
    }
    Entry fresh{
        trouble.subject.topic, std::string(trouble.subject.domain), std::move(key), {}, LogLevel::debug};
    entries_.push_back(std::move(fresh));
    return by_key_.emplace(entries_.back().key, std::prev(entries_.end())).first->second;
}

void Repeats::begin_hour(Entry& entry) const {
    entry.loudest = LogLevel::debug;
    entry.kinds = 0;
    entry.end_told = false;
}

void Repeats::tell(Entries::iterator entry, When when) {
    Line line{entry->level, {entry->topic, entry->domain}, entry->text, entry->held, {}};
    std::string with_count;
    if (entry->held > 1 || when == When::later) {
        with_count = fmt::format("{}; {}{}", entry->text, failures_since(entry->held, entry->told_wall),
                                 entry->failures == 0 ? ", none now" : "");
        line.text = with_count;
        line.since = entry->told_wall;
    }
    write_line(line);
    std::string().swap(entry->text);
    entry->held = 0;
    entry->loudest = std::min(entry->loudest, entry->level);
    entry->kinds |= bit(entry->kind);
    entry->told = clock_.steady();
    entry->told_wall = clock_.wall();
    entries_.splice(entries_.end(), entries_, entry);
}

void Repeats::forget(Entries::iterator entry) {
    by_key_.erase(entry->key);
    entries_.erase(entry);
}

}  // namespace sternpost
