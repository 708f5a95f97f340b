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
#include <vector>

#include "reply_maker.hpp"

namespace sternpost {

// Ways in which one domain is asked about; further ones are looked at each time.
inline constexpr std::size_t max_replies_a_domain = 16;

struct TableEntry {
    KnownDomain known;
    std::vector<PreparedReply> replies;  // one for each way in which the domain has been asked about
    std::shared_ptr<const Rules> rules;  // that the replies were made by
    mutable std::atomic<bool> look_begun = false;

    // Null: there is none.
    const PreparedReply* reply(const Asked& question) const {
        for (const PreparedReply& prepared : replies)
            if (prepared.question == question) return &prepared;
        return nullptr;
    }
};

using TableEntryPtr = std::shared_ptr<const TableEntry>;

class MemoryTable {
public:
    explicit MemoryTable(std::size_t most) : most_(most) {}

    // The entry of `domain`, now the last one to be dropped; null if there is none.
    TableEntryPtr find(std::string_view domain);
    void put(TableEntryPtr entry);
    // Whether there was one.
    bool remove(std::string_view domain);
    std::size_t size() const;
    // All domains at hand, the longest unused first.
    std::vector<std::string> domains() const;

private:
    using Order = std::list<TableEntryPtr>;  // the longest unused first

    const std::size_t most_;
    mutable std::mutex mutex_;
    Order order_;
    std::unordered_map<std::string_view, Order::iterator> by_domain_;  // keys point into the entries
};

}  // namespace sternpost
