#include "memory_table.hpp"

#include <utility>

namespace sternpost {

TableEntryPtr MemoryTable::find(std::string_view domain) {
    const std::lock_guard lock(mutex_);
    const auto found = by_domain_.find(domain);
    if (found == by_domain_.end()) return nullptr;
    found->second->used = true;
    return found->second->entry;
}

void MemoryTable::put(TableEntryPtr entry) {
    TableEntryPtr replaced;  // these are freed after the lock is
    TableEntryPtr dropped;
    const std::lock_guard lock(mutex_);
    if (const auto found = by_domain_.find(entry->known.domain()); found != by_domain_.end()) {
        const auto place = found->second;
        by_domain_.erase(found);
        replaced = std::move(place->entry);
        order_.erase(place);
    } else if (order_.size() >= most_) {
        dropped = take_one();
    }
    order_.push_back({std::move(entry)});
    by_domain_.emplace(order_.back().entry->known.domain(), std::prev(order_.end()));
}

TableEntryPtr MemoryTable::take_one() {
    for (int spared = 0; order_.front().used && spared < max_spared_at_once; ++spared) {
        order_.front().used = false;
        order_.splice(order_.end(), order_, order_.begin());
    }
    by_domain_.erase(order_.front().entry->known.domain());
    TableEntryPtr taken = std::move(order_.front().entry);
    order_.pop_front();
    return taken;
}

bool MemoryTable::remove(std::string_view domain) {
    TableEntryPtr removed;  // freed after the lock is
    const std::lock_guard lock(mutex_);
    const auto found = by_domain_.find(domain);
    if (found == by_domain_.end()) return false;
    const auto place = found->second;
    by_domain_.erase(found);
    removed = std::move(place->entry);
    order_.erase(place);
    return true;
}

std::size_t MemoryTable::size() const {
    const std::lock_guard lock(mutex_);
    return order_.size();
}

std::vector<std::string> MemoryTable::domains() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    all.reserve(order_.size());
    for (const Place& place : order_) all.emplace_back(place.entry->known.domain());
    return all;
}

}  // namespace sternpost
