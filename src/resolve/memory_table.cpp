#include "memory_table.hpp"

#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>
#include <functional>
#include <utility>

namespace multi_index = boost::multi_index;

namespace sternpost {

namespace {

// A domain with its hash, so that to pass by another one in the table does not take a look at its name.
struct HashedName {
    explicit HashedName(std::string_view domain)
        : hash(std::hash<std::string_view>()(domain)), name(domain) {}
    bool operator==(const HashedName&) const = default;

    std::size_t hash;  // compared first
    std::string_view name;
};

std::size_t hash_value(const HashedName& domain) {
    return domain.hash;
}

struct Place {
    explicit Place(TableEntryPtr its_entry) : domain(its_entry->domain()), entry(std::move(its_entry)) {}

    HashedName domain;  // points into the entry
    TableEntryPtr entry;
    mutable bool used = false;  // since its turn came last
};

std::string texts_of(const KnownDomain& known, const std::vector<PreparedReply>& made) {
    std::size_t length = known.domain.size();
    for (const PreparedReply& prepared : made) length += (*prepared.reply).size();
    std::string texts;
    texts.reserve(length);
    texts.append(known.domain);
    for (const PreparedReply& prepared : made) texts.append(*prepared.reply);
    return texts;
}

using ByDomain = multi_index::hashed_unique<multi_index::member<Place, HashedName, &Place::domain>>;
using InOrder = multi_index::sequenced<>;  // the next one to go first

}  // namespace

// One node a domain, in both orders: what a question costs is mostly the memory that it touches.
struct MemoryTable::Places : boost::multi_index_container<Place, multi_index::indexed_by<ByDomain, InOrder>> {
    auto& in_order() { return get<1>(); }

    TableEntryPtr take_one() {
        auto& order = in_order();
        for (int spared = 0; order.front().used && spared < max_spared_at_once; ++spared) {
            order.front().used = false;
            order.relocate(order.end(), order.begin());
        }
        TableEntryPtr taken = order.front().entry;
        order.pop_front();
        return taken;
    }

    // Null: there was none.
    TableEntryPtr take(std::string_view domain) {
        const auto found = find(HashedName(domain));
        if (found == end()) return nullptr;
        TableEntryPtr taken = found->entry;
        erase(found);
        return taken;
    }
};

TableEntry::TableEntry(const KnownDomain& known, const std::vector<PreparedReply>& made,
                       std::shared_ptr<const Rules> by)
    : rules(std::move(by)),
      texts_(texts_of(known, made)),
      domain_length_(known.domain.size()),
      known_(known) {
    std::size_t begin = domain_length_;
    for (const PreparedReply& prepared : made) {
        const std::size_t length = (*prepared.reply).size();
        replies_.push_back({prepared, std::string_view(texts_).substr(begin, length)});
        begin += length;
    }
}

MemoryTable::MemoryTable(std::size_t most) : most_(most), places_(std::make_unique<Places>()) {}

MemoryTable::~MemoryTable() = default;

TableEntryPtr MemoryTable::find(std::string_view domain) {
    const HashedName hashed(domain);
    const std::lock_guard lock(mutex_);
    const auto found = places_->find(hashed);
    if (found == places_->end()) return nullptr;
    found->used = true;
    return found->entry;
}

void MemoryTable::put(TableEntryPtr entry) {
    TableEntryPtr gone;  // freed after the lock is
    const std::lock_guard lock(mutex_);
    gone = places_->take(entry->domain());
    if (!gone && places_->size() >= most_) gone = places_->take_one();
    places_->in_order().emplace_back(std::move(entry));
}

bool MemoryTable::remove(std::string_view domain) {
    TableEntryPtr removed;  // freed after the lock is
    const std::lock_guard lock(mutex_);
    removed = places_->take(domain);
    return removed != nullptr;
}

std::size_t MemoryTable::size() const {
    const std::lock_guard lock(mutex_);
    return places_->size();
}

std::vector<std::string> MemoryTable::domains() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    all.reserve(places_->size());
    for (const Place& place : places_->in_order()) all.emplace_back(place.domain.name);
    return all;
}

}  // namespace sternpost
