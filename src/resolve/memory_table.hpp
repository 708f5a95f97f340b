// The answers at hand: one entry a domain, with ready-made replies.
//
// Threads: any; the one place with a lock. Entries are immutable once they are in.
// Limits:  `most` entries. The oldest one goes that has not been found since its turn came last: to note that costs a
//          question less than to keep entries in the order of their use. Nothing is lost, for what must last is on disk.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "packed_domain.hpp"
#include "reply_maker.hpp"

namespace sternpost {

// Entries that are spared when one must go; then the next one does, used or not.
inline constexpr int max_spared_at_once = 100;
// Ways in which one domain is asked about; further ones are looked at each time.
inline constexpr std::size_t max_replies_a_domain = 16;

// A reply at hand.
struct ReadyReply : ReplyTerms {
    std::string text;  // its netstring
};

struct TableEntry {
    TableEntry(const KnownDomain& what_is_known, std::vector<ReadyReply> made,
               std::shared_ptr<const Rules> by)
        : known(what_is_known), replies(std::move(made)), rules(std::move(by)) {}

    const PackedDomain known;
    const std::vector<ReadyReply> replies;     // one for each way in which the domain has been asked about
    const std::shared_ptr<const Rules> rules;  // that the replies were made by
    mutable std::atomic<bool> look_begun = false;

    // Null: there is none.
    const ReadyReply* reply(const Asked& question) const {
        for (const ReadyReply& ready : replies)
            if (ready.question == question) return &ready;
        return nullptr;
    }
};

using TableEntryPtr = std::shared_ptr<const TableEntry>;

class MemoryTable {
public:
    explicit MemoryTable(std::size_t most);
    ~MemoryTable();

    // The entry of `domain`; null if there is none.
    TableEntryPtr find(std::string_view domain);
    void put(TableEntryPtr entry);
    // Whether there was one.
    bool remove(std::string_view domain);
    std::size_t size() const;
    // All domains at hand.
    std::vector<std::string> domains() const;

private:
    struct Places;

    const std::size_t most_;
    mutable std::mutex mutex_;
    const std::unique_ptr<Places> places_;
};

}  // namespace sternpost
