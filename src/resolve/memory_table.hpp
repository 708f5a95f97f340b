// The answers at hand: one entry a domain, with ready-made replies, the longest unused ones dropped.
//
// Threads: any; the one place with a lock. Entries are immutable once they are in.
// Limits:  `most` entries; dropping one loses nothing, for what must last is on disk.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "known_domain.hpp"
#include "sternpost/resolve/answers.hpp"

namespace sternpost {

struct TableEntry {
    KnownDomain known;
    Reply by_mx;    // for "domain" and "domain:port"
    Reply by_host;  // for "[domain]" and "[domain]:port"
    SteadyTime fresh_until{};
    SteadyTime look_from = SteadyTime::max();  // asked from then on, DNS is looked at behind the answer
    WallTime expires = WallTime::max();        // of the policy that the replies rest on
    mutable std::atomic<bool> look_begun = false;

    const Reply& reply(const NextHop& next_hop) const { return next_hop.bracketed ? by_host : by_mx; }
};

using TableEntryPtr = std::shared_ptr<const TableEntry>;

class MemoryTable {
public:
    explicit MemoryTable(std::size_t most) : most_(most) {}

    // The entry of `domain`, now the last one to be dropped; null if there is none.
    TableEntryPtr find(std::string_view domain);
    void put(TableEntryPtr entry);
    std::size_t size() const;

private:
    using Order = std::list<TableEntryPtr>;  // the longest unused first

    const std::size_t most_;
    mutable std::mutex mutex_;
    Order order_;
    std::unordered_map<std::string_view, Order::iterator> by_domain_;  // keys point into the entries
};

}  // namespace sternpost
