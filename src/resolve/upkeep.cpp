#include "upkeep.hpp"

#include <algorithm>
#include <utility>

#include "sternpost/log/log.hpp"

namespace sternpost {

namespace {

// Refreshes under way that were begun a moment ago, so that a long list is worked off little by little,
constexpr std::size_t max_young_refreshes = 16;
constexpr std::chrono::seconds young_refresh{2};
// and with those whose policy hosts are slow.
constexpr std::size_t max_refreshes = 256;
constexpr std::size_t max_due = 1000;  // looked through for these
constexpr std::chrono::days refreshed_after_last_use{30};
constexpr std::size_t max_pruned_at_once = 200;
constexpr std::size_t max_written_again_at_once = 1000;
constexpr std::size_t max_written_at_once = 16;  // with a look at DNS
constexpr std::chrono::hours kept_after_expiry{24};
constexpr std::chrono::hours prune_after_steady_clock{1};

}  // namespace

Upkeep::Upkeep(Lookups& lookups)
    : lookups_(lookups),
      store_(lookups.context().sources.store),
      clock_(lookups.context().sources.clock),
      table_(lookups.table()) {}

bool Upkeep::round() {
    Now now;
    now.wall = clock_.wall();
    now.steady = clock_.steady();
    bool busy = refresh_what_is_due(now);
    busy = prune(now) || busy;
    busy = write_again_what_was_lost() || busy;
    busy = write_what_is_only_here(now) || busy;
    tell_trouble();
    return busy;
}

// Returns whether there may be more.
bool Upkeep::refresh_what_is_due(const Now& at) {
    const WallTime now = at.wall;
    std::size_t under_way = lookups_.refreshes(SteadyTime::min());
    std::size_t young = lookups_.refreshes(at.steady - young_refresh);
    // To the disk, those under way are still due, as are those that it took no news of; both may come first.
    const auto due = store_.due_for_refresh(now, now - refreshed_after_last_use, max_due);
    if (!due) {
        trouble_ = due.error().detail;
        return false;
    }
    for (const std::string& domain : *due)
        if (young < max_young_refreshes && under_way < max_refreshes && !lookups_.under_way(domain) &&
            !put_off(domain, now) && lookups_.begin(domain, Lookups::Why::refresh))
            ++young, ++under_way;
    return !due->empty();
}

// What is not on disk may know better when it is due.
bool Upkeep::put_off(const std::string& domain, WallTime now) const {
    const TableEntryPtr entry = table_.find(domain);
    if (!entry) return false;
    const KnownDomain known = entry->known();
    return !known.on_disk && known.refresh_at && *known.refresh_at > now;
}

// Not by a clock that may be wrong: what is removed is forgotten. Returns whether there may be more.
bool Upkeep::prune(const Now& now) {
    if (!clock_check_.steady_for(now, prune_after_steady_clock)) return false;
    PruneLimits limits;
    limits.now = limits.failed_since = now.wall - kept_after_expiry;
    limits.dane_since = now.wall - dane_memory;
    const auto pruned = store_.prune(limits, max_pruned_at_once);
    if (!pruned) {
        trouble_ = pruned.error().detail;
        return false;
    }
    if (*pruned > 0)
        say(LogLevel::debug, Topic::upkeep, "{} records that say nothing any more removed from the cache",
            *pruned);
    return *pruned == max_pruned_at_once;
}

// A cache file other than before gets what memory still knows. Returns whether there is more of that.
bool Upkeep::write_again_what_was_lost() {
    if (const unsigned losses = store_.losses(); losses != losses_) {
        losses_ = losses;
        to_write_again_ = table_.domains();
        say(LogLevel::warning, Topic::upkeep,
            "writing the {} domains that memory knows into the new cache file", to_write_again_.size());
    }
    const std::size_t steps = std::min(to_write_again_.size(), max_written_again_at_once);
    std::vector<std::string> later;
    for (std::size_t i = 0; i < steps; ++i) {
        std::string domain = std::move(to_write_again_.back());
        to_write_again_.pop_back();
        if (lookups_.under_way(domain) || !write_again(domain)) later.push_back(std::move(domain));
    }
    to_write_again_.insert(to_write_again_.begin(), later.begin(), later.end());
    return !to_write_again_.empty();
}

// False: not now.
bool Upkeep::write_again(const std::string& domain) {
    const TableEntryPtr entry = table_.find(domain);
    if (!entry) return true;
    const auto stored = store_.find(domain);
    if (!stored) {
        trouble_ = stored.error().detail;
        return false;
    }
    const KnownDomain known = entry->known();
    // It may be a backup that was put back.
    const bool disk_knows_better =
        *stored && (*stored)->policy && (!known.policy || known.policy->fetched < (*stored)->policy->fetched);
    if (disk_knows_better)
        table_.remove(domain);
    else if (known.worth_keeping())
        lookups_.write(record_of(known));
    return true;
}

// What the disk did not take, or else it would have to be asked for before it is written. Returns whether there may be more.
bool Upkeep::write_what_is_only_here(const Now& at) {
    const auto domains = table_.only_here(max_written_at_once);
    for (const std::string& domain : domains) {
        const TableEntryPtr entry = table_.find(domain);
        if (entry && entry->known().policy_applies(at.wall, lookups_.context().options))
            lookups_.begin(domain, Lookups::Why::not_on_disk);
    }
    return domains.size() == max_written_at_once && store_.figures().write_trouble.empty();
}

void Upkeep::tell_trouble() {
    Repeats& repeats = lookups_.context().repeats;
    const Trouble cache{{Topic::upkeep}, "cache"};
    if (trouble_.empty())
        repeats.mended(cache, "the cache can be kept in order again");
    else
        repeats.failed(cache, LogLevel::error, 0, std::exchange(trouble_, {}));
}

}  // namespace sternpost
