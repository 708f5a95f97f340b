// The answers at hand: one entry per domain, with ready-made replies.
//
// Threads: any; the only place with a lock, apart from the log. Entries are immutable once they are in.
// Limits:  `most` entries, and max_bytes_an_entry of each on average. The oldest one that has not been found since its
//          last turn goes: noting that costs a question less than keeping entries in the order of their use. Nothing is
//          lost, since what must last is on disk; a policy that could not be written there goes last.
#pragma once

#include <atomic>
#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <boost/intrusive/unordered_set_hook.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "packed_domain.hpp"
#include "reply_maker.hpp"

namespace sternpost {

// How many entries are spared when one must go; then the next one goes, used or not.
inline constexpr int max_spared_at_once = 100;
// Usual is 1 KiB; the owner of a domain can make it hundreds.
inline constexpr std::size_t max_bytes_an_entry = 4096;
// A small table may have some that are larger.
inline constexpr std::size_t least_max_bytes = 4UL * 1024 * 1024;
// Ways in which one domain is asked about; further ones are looked at each time.
inline constexpr std::size_t max_replies_a_domain = 16;

// A reply at hand.
struct ReadyReply : ReplyTerms {
    std::string_view text;  // its netstring; is inside the entry
};

namespace in_table {
using ByDomain =
    boost::intrusive::unordered_set_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>,
                                              boost::intrusive::store_hash<true>>;
using InOrder = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;
}  // namespace in_table

// The cost of a question is mostly the memory that it touches. So all of that is one block: the entry's place in the table,
// the one reply that most entries have, and the texts, if they are no longer than usual.
class TableEntry : public in_table::ByDomain, public in_table::InOrder {
public:
    // `made`: a reply for each way in which the domain has been asked about.
    TableEntry(const KnownDomain& known, const std::vector<PreparedReply>& made,
               std::shared_ptr<const Rules> by);
    TableEntry(const TableEntry&) = delete;
    TableEntry& operator=(const TableEntry&) = delete;
    ~TableEntry() = default;

    std::string_view domain() const { return {texts_.data(), domain_length_}; }
    KnownDomain known() const { return known_.unpack(domain()); }
    std::size_t bytes() const { return sizeof(*this) + texts_.size() + known_.size(); }
    std::span<const ReadyReply> replies() const { return {replies_.data(), replies_.size()}; }
    // Null: there is none.
    const ReadyReply* reply(const Asked& question) const {
        for (const ReadyReply& ready : replies_)
            if (ready.question == question) return &ready;
        return nullptr;
    }

    const std::shared_ptr<const Rules> rules;  // by which the replies were made
    mutable std::atomic<bool> look_begun = false;

private:
    friend class MemoryTable;

    static constexpr std::size_t usual_texts = 112;

    const bool only_here_;  // a policy that is not on disk
    const std::uint8_t domain_length_;
    // The table's, under its lock, as are the two bases.
    bool used_ = false;                       // since its turn came last
    std::shared_ptr<const TableEntry> kept_;  // while it is in the table

    boost::container::small_vector<ReadyReply, 1> replies_;
    boost::container::small_vector<char, usual_texts> texts_;  // the domain, then the replies
    const PackedDomain known_;
};

using TableEntryPtr = std::shared_ptr<const TableEntry>;

// In memory that is kept for entries: they outlive what is made beside them, and would leave holes among it.
std::shared_ptr<TableEntry> make_entry(const KnownDomain& known, const std::vector<PreparedReply>& made,
                                       std::shared_ptr<const Rules> by);

class MemoryTable {
public:
    explicit MemoryTable(std::size_t most);
    ~MemoryTable();

    // Brings the entry of `domain` into the processor's caches, most likely; find() would wait for that.
    void expect(std::string_view domain) const;
    // The entry of `domain`; null if there is none.
    TableEntryPtr find(std::string_view domain);
    // `entry` is in no table.
    void put(std::shared_ptr<TableEntry> entry);
    // Whether there was one.
    bool remove(std::string_view domain);
    std::size_t size() const;
    // All domains at hand.
    std::vector<std::string> domains() const;
    // At most `most` domains with a policy that is not on disk, the one looked at longest ago first.
    std::vector<std::string> only_here(std::size_t most) const;

private:
    struct Places;

    const std::size_t most_;
    const std::size_t max_bytes_;
    mutable std::mutex mutex_;
    const std::unique_ptr<Places> places_;
};

}  // namespace sternpost
